// SPDX-License-Identifier: Apache-2.0
import type { Collector, EthtoolData, Source } from './collector.ts';
import { LINK_MODE_FAMILIES, writeLinkModes } from './ethtool-link-modes.ts';
import { ethtoolMetricNames } from './ethtool-names.ts';
import type { Exposition, Family } from './exposition.ts';
import { FamilyCache } from './family-cache.ts';
import { snakeCase } from './snake-case.ts';

const INFO_LABELS = ['bus_info', 'device', 'driver', 'expansion_rom_version', 'firmware_version', 'version'];

const INFO: Family = {
  name: 'node_ethtool_info',
  help: 'Driver of the device, value is always 1.',
  type: 'gauge',
  labels: INFO_LABELS,
};

const statistics = new FamilyCache((name) => ({
  name,
  help: 'Statistic of the driver.',
  type: 'untyped',
  labels: ['device'],
}));

const groups = new FamilyCache((name) => ({
  name: `weir_ethtool_${name}_total`,
  help: 'Statistic of a standard group, the same for all drivers.',
  type: 'counter',
  labels: ['device'],
}));

/** What drivers tell through ethtool. Some drivers take long to answer, so it is off by default. */
export const ethtool: Collector = {
  name: 'ethtool',
  enabledByDefault: false,
  scope: 'netns',
  families: [INFO, ...LINK_MODE_FAMILIES],
  openFamilies: [statistics.get('node_ethtool_<statistic>'), groups.get('<group>_<statistic>')],
  collect: collectEthtool,
};

async function collectEthtool(source: Source, out: Exposition): Promise<void> {
  for (const row of source.links()) {
    write(row.link.ifname, await source.ethtool(row), out);
    await out.breathe();
  }
}

function write(device: string, data: EthtoolData, out: Exposition): void {
  const { driver } = data;
  if (driver !== undefined) {
    const values = { ...driver, device } as Readonly<Record<string, string>>;
    out.family(INFO).add(
      INFO_LABELS.map((name) => values[name] ?? ''),
      1,
    );
  }
  if (data.linkModes !== undefined) writeLinkModes(device, data.linkModes, out);
  const names = ethtoolMetricNames(data.strings.map(([name]) => name));
  for (const [i, [, value]] of data.strings.entries()) {
    const name = names[i];
    if (name !== undefined) out.family(statistics.get(name)).add([device], Number(value));
  }
  for (const [group, entries] of data.groups)
    for (const [name, value] of entries)
      out.family(groups.get(`${snakeCase(group)}_${snakeCase(name)}`)).add([device], Number(value));
}
