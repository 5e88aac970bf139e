// SPDX-License-Identifier: Apache-2.0
// A thread that notes when the policy in force becomes another one, and says when it has begun. It looks five times a millisecond and sleeps between, so
// that what is measured has the machine to itself.
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { wireOf } from '../../src/base/wire.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { decodePolicyConfig } from '../../src/programs/generated/policy.ts';

/** What the thread is given. */
export interface EpochWatch {
  /** Descriptor of the map `policy_config`. */
  readonly config: number;
  /** Here stands when it was last seen to change: nanoseconds of `process.hrtime`. */
  readonly changed: BigInt64Array<SharedArrayBuffer>;
}

const PAUSE_MS = 0.2;

const { config, changed } = workerData as EpochWatch;
const map = openMap(config);
const first = new Uint8Array(map.keySize);
const never = new Int32Array(new SharedArrayBuffer(4));
const epochNow = () =>
  decodePolicyConfig(wireOf(map.lookup(first) ?? new Uint8Array(map.valueSize)), 0).epoch;

let epoch = epochNow();
parentPort?.postMessage('looking');
for (;;) {
  Atomics.wait(never, 0, 0, PAUSE_MS);
  const now = epochNow();
  if (now !== epoch) Atomics.store(changed, 0, process.hrtime.bigint());
  epoch = now;
}
