// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { Counter, Gauge, Registry } from 'prom-client';

/** Metrics of the agent's own process. */
export interface ProcessMetrics {
  /** In the text format. */
  render(): Promise<string>;
  close(): void;
}

/** Milliseconds between samples of the event loop: each one wakes the agent. */
const RESOLUTION_MS = 20;

/** Begin to measure this process, in a registry of its own. */
export function createProcessMetrics(): ProcessMetrics {
  const registry = new Registry();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  declareCpu(registry);
  declareMemory(registry);
  declareDescriptors(registry);
  declareEventLoop(registry, delay);
  return {
    async render() {
      const text = await registry.metrics();
      delay.reset();
      return text;
    },
    close: () => void delay.disable(),
  };
}

/** prom-client's counters only count up from where they are. */
function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

function declareCpu(registry: Registry): void {
  const seconds = (part: 'user' | 'system') => process.cpuUsage()[part] / 1e6;
  const total = () => seconds('user') + seconds('system');
  counter(registry, 'process_cpu_seconds_total', 'User and system CPU time of the agent.', total);
  counter(registry, 'process_cpu_user_seconds_total', 'User CPU time of the agent.', () => seconds('user'));
  counter(registry, 'process_cpu_system_seconds_total', 'System CPU time of the agent.', () =>
    seconds('system'),
  );
  const started = Date.now() / 1000 - process.uptime();
  gauge(registry, 'process_start_time_seconds', 'When the agent started, since the epoch.', () => started);
}

function declareMemory(registry: Registry): void {
  const memory = (part: keyof NodeJS.MemoryUsage) => () => process.memoryUsage()[part];
  const resident = () => process.memoryUsage.rss();
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory of the agent.', resident);
  gauge(registry, 'nodejs_heap_size_total_bytes', 'Size of the JavaScript heap.', memory('heapTotal'));
  gauge(registry, 'nodejs_heap_size_used_bytes', 'Part of the JavaScript heap in use.', memory('heapUsed'));
  gauge(
    registry,
    'nodejs_external_memory_bytes',
    'Memory that buffers hold outside the heap.',
    memory('external'),
  );
}

function declareDescriptors(registry: Registry): void {
  const open = () => readdirSync('/proc/self/fd').length - 1;
  gauge(registry, 'process_open_fds', 'Open file descriptors of the agent.', open);
}

function declareEventLoop(registry: Registry, delay: ReturnType<typeof monitorEventLoopDelay>): void {
  // The histogram holds the time from one sample to the next; what exceeds the resolution is delay.
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
  const help = 'Delay of the event loop since the scrape before';
  gauge(registry, 'weir_agent_event_loop_delay_max_seconds', `${help}, the longest.`, () => late(delay.max));
  gauge(registry, 'weir_agent_event_loop_delay_p99_seconds', `${help}, 99th percentile.`, () =>
    late(delay.percentile(99)),
  );
}
