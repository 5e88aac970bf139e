// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';

/**
 * Make the JavaScript heap keep to what it needs. An agent lives long and allocates in bursts, one for each scrape: left
 * alone, V8 grows the space of young objects to 32 MB to save itself collections that cost little here.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--semi-space-growth-factor=1');
}
