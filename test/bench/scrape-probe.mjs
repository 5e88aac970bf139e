// SPDX-License-Identifier: Apache-2.0
// Preloaded into the process under test: how long its event loop was held, asked for by a signal and told by a file.
// JavaScript, because loading TypeScript would add to the memory that is measured.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

const RESOLUTION_MS = 1;
const file = process.env['WEIR_BENCH_PROBE'];

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const cpu = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let maxCpuMs = 0;
  let signals = 0;
  let last = cpu();
  setInterval(() => {
    const now = cpu();
    maxCpuMs = Math.max(maxCpuMs, now - last);
    last = now;
  }, RESOLUTION_MS).unref();
  process.on('SIGUSR2', () => {
    const report = { signals: ++signals, maxMs: delay.max / 1e6 - RESOLUTION_MS, maxCpuMs };
    writeFileSync(`${file}.new`, JSON.stringify(report));
    renameSync(`${file}.new`, file);
    delay.reset();
    maxCpuMs = 0;
    last = cpu();
  });
}
