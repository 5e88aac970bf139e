// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import type { ObservedNamespace } from '../../observe/namespace-set.ts';
import { readSample } from '../../observe/tuning/sample.ts';
import type { Sample } from '../../tuning/advice/sample.ts';
import { Window } from '../../tuning/advice/window.ts';
import type { ChosenMetric } from '../../tuning/trial/metrics.ts';

const SAMPLE_MS = 1000;

/** How a window is measured. */
export interface Measuring {
  readonly namespace: ObservedNamespace;
  readonly metrics: readonly ChosenMetric[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called after each sample with the share of the window that is over. What it throws ends the measuring. */
  tick(share: number): Promise<void>;
}

/** Values of each metric by its name, one for each second. @throws what ended it. */
export async function measure(
  { namespace, metrics, clock, signal, tick }: Measuring,
  seconds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const values = new Map(metrics.map(({ name }) => [name, [] as number[]]));
  const whole = metrics.some(({ metric }) => metric.sockets === true);
  const read = () => readSample(namespace, { whole, now: () => clock.monotonic() });
  let past: Sample = await read();
  for (let i = 1; i <= seconds; i++) {
    await sleep(SAMPLE_MS, undefined, { signal });
    const now = await read();
    const window = new Window(past, now);
    for (const { name, metric, dev } of metrics) values.get(name)?.push(metric.value(window, dev));
    past = now;
    await tick(i / seconds);
  }
  return values;
}
