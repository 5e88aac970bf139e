// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { wireOf } from '../../base/wire.ts';
import type { BpfMap } from '../../kernel/ports.ts';
import { type DropRecord, decodeDropRecord } from '../../programs/generated/drops.ts';
import { TimeSlice } from '../time-slice.ts';
import { dropTotals } from './drops.ts';
import { mapOf, type TelemetryMaps } from './telemetry.ts';

/** Records that are handed over together. */
const BATCH = 256;

/** Number of the last record. @throws {WeirError} `NO_DATA` where the program does not run. */
export function lastRecord(telemetry: TelemetryMaps): number {
  return Number(dropTotals(telemetry).sequence);
}

/**
 * The records after number `after` up to `last`, oldest first, as far as they are still kept.
 * @throws {WeirError} `NO_DATA` where the program does not run.
 */
export async function* recordsAfter(
  telemetry: TelemetryMaps,
  after: number,
  last: number,
): AsyncGenerator<readonly DropRecord[], void> {
  const recorder = mapOf(telemetry, 'drops', 'recorder');
  const slice = new TimeSlice();
  let batch: DropRecord[] = [];
  for (let sequence = Math.max(after, last - recorder.maxEntries) + 1; sequence <= last; sequence++) {
    const record = recordOf(recorder, sequence);
    if (record !== undefined) batch.push(record);
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
    if (slice.spent) await slice.pause();
  }
  if (batch.length > 0) yield batch;
}

/** Undefined when it is overwritten, or is being written. */
function recordOf(recorder: BpfMap, sequence: number): DropRecord | undefined {
  const slot = new Uint8Array(4);
  new DataView(slot.buffer).setUint32(0, sequence % recorder.maxEntries, true);
  const record = decodeDropRecord(wireOf(recorder.lookup(slot) as Uint8Array), 0);
  return record.sequence === BigInt(sequence) && record.check === record.sequence ? record : undefined;
}

const NS_PER_MS = 1_000_000n;
/** What the clocks may drift apart before it is measured again, and what Date.now() leaves out. */
const TOLERANCE = 2n * NS_PER_MS;

let offset: bigint | undefined;

/**
 * What CLOCK_MONOTONIC lacks to the time of day, in nanoseconds. It is measured when the clock was set, and takes a
 * millisecond then: until the clock ticks.
 */
export function wallClockOffset(): bigint {
  const error = (offset ?? 0n) + process.hrtime.bigint() - BigInt(Date.now()) * NS_PER_MS;
  if (offset === undefined || error < -TOLERANCE || error > TOLERANCE) offset = measuredOffset();
  return offset;
}

function measuredOffset(): bigint {
  const before = Date.now();
  let now = Date.now();
  while (now === before) now = Date.now();
  return BigInt(now) * NS_PER_MS - process.hrtime.bigint();
}
