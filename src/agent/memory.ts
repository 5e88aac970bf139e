// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Make the JavaScript heap keep to what it needs. An agent lives long and allocates in bursts, one for each scrape: left
 * alone, V8 grows the space of young objects to 32 MB to save itself collections that cost little here.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}

/**
 * Give back what only the start needed: half of what V8 holds by then. Takes tens of milliseconds, so it is for the
 * moment before the agent says that it is ready, and for no other.
 */
export function dropStartupGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}
