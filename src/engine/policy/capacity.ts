// SPDX-License-Identifier: Apache-2.0
import type { PolicySizes } from '../../policy/compiled.ts';

/** What maps hold at least: below that, making them larger saves nothing. */
const LEAST: PolicySizes = {
  endpoints: 256,
  v4: 16_384,
  v6: 4_096,
  peers: 4_096,
  sets: 1_024,
  ports: 16_384,
  verdicts: 4_096,
  rules: 4_096,
  counters: 4_096,
};

/** Room for half as much again, so that the next policies need no larger maps. */
const ROOM = 1.5;

const NAMES = Object.keys(LEAST) as (keyof PolicySizes)[];

/** True when a policy of these sizes fits. */
export function fits(sizes: PolicySizes, capacity: PolicySizes): boolean {
  return NAMES.every((name) => sizes[name] <= capacity[name]);
}

/** What maps for a policy of these sizes should hold. */
export function capacityFor(sizes: PolicySizes, limits: PolicySizes): PolicySizes {
  const wanted = NAMES.map((name) => {
    const room = 2 ** Math.ceil(Math.log2(Math.max(1, sizes[name] * ROOM)));
    return [name, Math.min(limits[name], Math.max(LEAST[name], room))] as const;
  });
  return Object.fromEntries(wanted) as unknown as PolicySizes;
}
