// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import type { Collector, Source } from './collector.ts';
import type { Exposition } from './exposition.ts';
import { FamilyCache } from './family-cache.ts';
import { optional } from './optional.ts';
import { WordScanner } from './word-scanner.ts';

/** Files of /proc/net/stat that kernels have. */
const SUBSYSTEMS = ['arp_cache', 'ndisc_cache', 'nf_conntrack', 'rt_cache', 'synproxy'];

const families = new FamilyCache((field) => ({
  name: `node_lnstat_${field}_total`,
  help: `Column ${field} of the files in /proc/net/stat.`,
  type: 'counter',
  labels: ['subsystem', 'cpu'],
}));

/** Statistics of the routing, neighbour and tracking caches by CPU. */
export const lnstat: Collector = {
  name: 'lnstat',
  enabledByDefault: false,
  scope: 'netns',
  families: [],
  openFamilies: [families.get('<field>')],
  collect: collectLnstat,
};

async function collectLnstat(source: Source, out: Exposition): Promise<void> {
  let found = false;
  for (const subsystem of SUBSYSTEMS) {
    const path = `net/stat/${subsystem}`;
    const bytes = await optional(source.proc(path));
    if (bytes === undefined) continue;
    found = true;
    write(new WordScanner(bytes, path), subsystem, out);
  }
  if (!found) throw new WeirError('NO_DATA', { what: '/proc/net/stat' });
}

/** A line of names, then one line of hexadecimal numbers for each CPU. */
function write(scanner: WordScanner, subsystem: string, out: Exposition): void {
  if (!scanner.nextLine()) return;
  const fields = scanner.rest();
  for (let cpu = 0; scanner.nextLine(); cpu++)
    for (const field of fields) out.family(families.get(field)).add([subsystem, String(cpu)], scanner.hex());
}
