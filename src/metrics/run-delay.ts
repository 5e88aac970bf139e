// SPDX-License-Identifier: Apache-2.0
import type { Collector } from './collector.ts';
import type { Family } from './exposition.ts';

const RUN_DELAY: Family = {
  name: 'weir_sched_run_delay_seconds_total',
  help: 'Time that the task was ready to run and waited for a CPU: ksoftirqd of each CPU, and the main thread of the agent.',
  type: 'counter',
  labels: ['task', 'cpu'],
  budget: 5_000,
};

/** How long the tasks that handle packets wait for a CPU, from /proc/<pid>/schedstat. */
export const runDelay: Collector = {
  name: 'run_delay',
  enabledByDefault: true,
  scope: 'node',
  families: [RUN_DELAY],
  async collect(source, out) {
    for (const { task, cpu, seconds } of await source.runDelays())
      out.family(RUN_DELAY).add([task, cpu], seconds);
  },
};
