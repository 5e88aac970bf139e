// SPDX-License-Identifier: Apache-2.0

/** NUD_* bits in the order that `ip` lists them (include/uapi/linux/neighbour.h). */
const STATES: readonly (readonly [bit: number, name: string])[] = [
  [0x01, 'INCOMPLETE'],
  [0x02, 'REACHABLE'],
  [0x04, 'STALE'],
  [0x08, 'DELAY'],
  [0x10, 'PROBE'],
  [0x20, 'FAILED'],
  [0x40, 'NOARP'],
  [0x80, 'PERMANENT'],
];

const shared = new Map<number, readonly string[]>();

/** Names of a neighbour's state bits; empty for NUD_NONE. Equal states share one array. */
export function neighbourStateNames(state: number): readonly string[] {
  const cached = shared.get(state);
  if (cached !== undefined) return cached;
  const names = STATES.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name);
  shared.set(state, names);
  return names;
}
