// SPDX-License-Identifier: Apache-2.0
import { bounded } from '../../knobs.ts';
import type { Finding, Rule } from '../rule.ts';
import type { NeighbourSample } from '../sample.ts';
import type { Window } from '../window.ts';

const nameOf = (family: string, threshold: number) => `net.${family}.neigh.default.gc_thresh${threshold}`;
const NEAR = 0.8;

/** The neighbour tables, which are of the whole machine (net/core/neighbour.c neigh_alloc()). */
export const NEIGHBOURS_FULL: Rule = {
  name: 'neighbours-full',
  about: 'a neighbour table is nearly full',
  node: true,
  sysctls: ['ipv4', 'ipv6'].flatMap((family) => [1, 2, 3].map((one) => nameOf(family, one))),
  judge: (window) => window.after.neighbours.flatMap((one) => judge(window, one)),
};

function judge(window: Window, now: NeighbourSample): readonly Finding[] {
  const { family, entries, tableFulls } = now;
  const past = window.before.neighbours.find((one) => one.family === family);
  const overflows = Math.max(0, tableFulls - (past?.tableFulls ?? tableFulls));
  const limit = window.sysctl(nameOf(family, 3)) ?? 1024;
  if (entries < limit * NEAR && overflows === 0) return [];
  const doubled = (threshold: number) => {
    const value = window.sysctl(nameOf(family, threshold));
    if (value === undefined) return [];
    const name = nameOf(family, threshold);
    return [{ sysctl: name, value: bounded(name, value * 2) }];
  };
  return [
    {
      summary: `The ${family} neighbour table is nearly full: packets to new neighbours are dropped when it is`,
      evidence: [
        { what: 'neighbours', value: entries },
        { what: nameOf(family, 3), value: limit },
        { what: 'times full', value: overflows },
      ],
      proposals: [...doubled(1), ...doubled(2), ...doubled(3)],
      expected: 'all neighbours of the subnets have a place',
      risk: 'a neighbour takes about 500 bytes; a scan of the subnet fills the larger table too',
      metric: 'neighbour_overflows',
      weight: overflows > 0 ? 3 : 2,
    },
  ];
}
