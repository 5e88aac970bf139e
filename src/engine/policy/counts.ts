// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '../../kernel/ports.ts';
import { POLICY_REASON } from '../../programs/generated/policy.ts';

/** By number of the counter. */
export interface RuleCounters {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** Milliseconds since the epoch, of the last packet; 0: there was none. */
  readonly last: Float64Array;
}

/** Sums over all CPUs. @param now Jiffies. */
export function countersOf(map: BpfMap, now: bigint, ticksPerSecond: number): RuleCounters {
  const { count, keys, values, stride, cpus } = map.entries();
  const packets = new Float64Array(map.maxEntries);
  const bytes = new Float64Array(map.maxEntries);
  const last = new Float64Array(map.maxEntries);
  const time = Date.now();
  for (let i = 0; i < count; i++) {
    const counter = keys.view.getUint32(i * 4, true);
    let hit = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) {
      const at = (i * cpus + cpu) * stride;
      packets[counter] = (packets[counter] as number) + Number(values.view.getBigUint64(at, true));
      bytes[counter] = (bytes[counter] as number) + Number(values.view.getBigUint64(at + 8, true));
      const jiffies = values.view.getBigUint64(at + 16, true);
      if (jiffies > hit) hit = jiffies;
    }
    if (hit > 0n) last[counter] = time - (Number(now - hit) * 1000) / ticksPerSecond;
  }
  return { packets, bytes, last };
}

const REASONS = Object.entries(POLICY_REASON).filter(([name]) => name !== 'REASONS');

/** Sums over all CPUs by the reason's name. */
export function dropsOf(
  map: BpfMap,
): Readonly<Record<string, { readonly packets: number; readonly bytes: number }>> {
  const { values, stride, cpus } = map.entries();
  const sum = (reason: number, offset: number) => {
    let total = 0;
    for (let cpu = 0; cpu < cpus; cpu++)
      total += Number(values.view.getBigUint64((reason * cpus + cpu) * stride + offset, true));
    return total;
  };
  return Object.fromEntries(
    REASONS.map(([name, reason]) => [name, { packets: sum(reason, 0), bytes: sum(reason, 8) }]),
  );
}

/** The name of a reason by its number: `DENIED`. */
export function reasonName(reason: number): string {
  return REASONS.find(([, number]) => number === reason)?.[0] ?? `REASON_${reason}`;
}
