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
 * Have the threads that start until `done` is called hold so many MB of young objects: a heap takes its sizes from the
 * flags of the moment when it is made, whatever limits the thread is given. Young objects are cheap to let go of, and a
 * thread that makes many at a time has more room than its heap needs at rest. From then on old objects may grow by more,
 * too: collections of what thousands of documents are take a hundred milliseconds, and nobody applies these to save memory.
 */
export function withYoungSpace(megabytes: number): { done(): void } {
  setFlagsFromString(`--min-semi-space-size=${megabytes}`);
  setFlagsFromString(`--max-semi-space-size=${megabytes}`);
  setFlagsFromString('--no-optimize-for-size');
  return {
    done() {
      setFlagsFromString('--min-semi-space-size=0');
      setFlagsFromString('--max-semi-space-size=1');
    },
  };
}

/**
 * Give back what only the start needed: half of what V8 holds by then. Takes tens of milliseconds, so it is for the
 * moment before the agent says that it is ready, and for no other.
 */
export function dropStartupGarbage(): void {
  collector()();
}

/** Collects the young objects of the thread that asks: what one task left behind, before the next one has to wait for it. */
export function youngCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'minor' });
}

/** V8's collector of this thread; it collects everything unless told otherwise. */
function collector(): (options?: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as ReturnType<typeof collector>;
}
