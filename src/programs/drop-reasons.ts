// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '../codec/bpf/btf.ts';
import { enumNames } from './enum-names.ts';

const SUBSYSTEM_SHIFT = 16;

/**
 * Names of the running kernel's drop reasons without prefix, by number; below `subsystem << 16` the name of a subsystem
 * that has reasons of its own.
 */
export function dropReasonNames(btf: Btf | undefined): ReadonlyMap<number, string> {
  const subsystems = enumNames(btf, 'skb_drop_reason_subsys', /^SKB_DROP_REASON_SUBSYS_/);
  const names = new Map([...subsystems].map(([number, name]) => [(number << SUBSYSTEM_SHIFT) >>> 0, name]));
  for (const [number, name] of enumNames(btf, 'skb_drop_reason', /^SKB_(DROP_REASON_)?/))
    names.set(number, name);
  return names;
}

/** What the kernel says where it has not been taught a reason. */
const NOT_SPECIFIED = 'NOT_SPECIFIED';

/**
 * A reason in words: `NO_SOCKET`; of a subsystem with its number there, `MAC80211_UNUSABLE/3`; its number alone where the
 * kernel names none, and `unknown` where it gives no reasons (before 5.17).
 * What programs of XDP drop has no reason in the kernel, but happens in functions that say so.
 */
export function dropReason(names: ReadonlyMap<number, string>, reason: number, location: string): string {
  if (reason === 0) return 'unknown';
  const name = names.get(reason);
  if (name === NOT_SPECIFIED && /(^|_)xdp(_|$)/.test(location)) return 'XDP';
  const subsystem = reason >>> SUBSYSTEM_SHIFT;
  if (name !== undefined || subsystem === 0) return name ?? String(reason);
  const owner = names.get((subsystem << SUBSYSTEM_SHIFT) >>> 0) ?? `subsystem ${subsystem}`;
  return `${owner}/${reason & 0xffff}`;
}
