// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import type { Link } from '../model/link.ts';
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';

const SLAVES: Family = {
  name: 'node_bonding_slaves',
  help: 'Links in the bond.',
  type: 'gauge',
  labels: ['master'],
};
const ACTIVE: Family = {
  name: 'node_bonding_active',
  help: 'Links in the bond whose MII status is up.',
  type: 'gauge',
  labels: ['master'],
};

/** Bonds and how many of their links work. */
export const bonding: Collector = {
  name: 'bonding',
  enabledByDefault: true,
  scope: 'netns',
  families: [SLAVES, ACTIVE],
  collect: collectBonding,
};

async function collectBonding(source: Source, out: Exposition): Promise<void> {
  const masters = textOf(await source.sys('class/net/bonding_masters')).split(/\s+/);
  const slaves = source.links().map(({ link }) => link);
  for (const master of masters.filter((name) => name !== '')) {
    const own = slaves.filter((link) => link.master === master && link.linkinfo?.info_slave_kind === 'bond');
    out.family(SLAVES).add([master], own.length);
    out.family(ACTIVE).add([master], own.filter(isUp).length);
  }
}

function isUp(slave: Link): boolean {
  return slave.linkinfo?.info_slave_data?.['mii_status'] === 'UP';
}
