// SPDX-License-Identifier: Apache-2.0
// Preloaded into the process under test: how long its event loop was held, asked for by a signal and told by a file.
// JavaScript, because loading TypeScript would add to the memory that is measured.
import { openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

const RESOLUTION_MS = 1;
const file = process.env['WEIR_BENCH_PROBE'];

/** Milliseconds that the main thread was ready to run and did not get a CPU (sched_info.run_delay). */
function waitingReader() {
  const fd = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const buffer = Buffer.alloc(64);
  return () => Number(buffer.toString('latin1', 0, readSync(fd, buffer, 0, 64, 0)).split(' ')[1]) / 1e6;
}

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const waiting = waitingReader();
  let signals = 0;
  let maxHeldMs = 0;
  let last = performance.now();
  let lastWaiting = waiting();
  const turn = () => {
    const now = performance.now();
    const nowWaiting = waiting();
    maxHeldMs = Math.max(maxHeldMs, now - last - RESOLUTION_MS - (nowWaiting - lastWaiting));
    last = now;
    lastWaiting = nowWaiting;
  };
  setInterval(turn, RESOLUTION_MS).unref();
  process.on('SIGUSR2', () => {
    turn();
    const report = { signals: ++signals, maxMs: delay.max / 1e6 - RESOLUTION_MS, maxHeldMs };
    writeFileSync(`${file}.new`, JSON.stringify(report));
    renameSync(`${file}.new`, file);
    delay.reset();
    maxHeldMs = 0;
    turn();
    maxHeldMs = 0;
  });
}
