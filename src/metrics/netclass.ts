// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';
import type { Collector, LinkRow, Source } from './collector.ts';
import type { Exposition, Family, MetricType } from './exposition.ts';
import { labelText } from './labels.ts';

/** A number of each device; absent where the kernel does not give it, never 0 instead. */
interface Property extends Family {
  readonly of: (row: LinkRow) => number | undefined;
}

const property = (
  name: string,
  help: string,
  of: (row: LinkRow) => number | undefined,
  type: MetricType = 'gauge',
): Property => ({ name: `node_network_${name}`, help, type, labels: ['device'], of });

/** sysfs `up` as node_exporter reads it: only operstate "up" counts, so lo is 0. */
const IF_OPER_UP = 6;
const IFF_UP = 1;
const BYTES_PER_SECOND_PER_MBIT = 125_000;

const PROPERTIES: readonly Property[] = [
  property('up', 'Value is 1 if operstate is up, 0 otherwise.', ({ link }) =>
    link.raw.operstate === IF_OPER_UP ? 1 : 0,
  ),
  property('address_assign_type', 'How the address came about (NET_ADDR_*).', (row) => row.addrAssignType),
  property('carrier', 'Value is 1 if the device has a carrier, 0 otherwise.', carrier),
  property(
    'carrier_changes_total',
    'Changes of the carrier.',
    ({ link }) => link.raw.carrierChanges,
    'counter',
  ),
  property(
    'carrier_up_changes_total',
    'Times that the carrier came up.',
    ({ link }) => link.raw.carrierUpCount,
    'counter',
  ),
  property(
    'carrier_down_changes_total',
    'Times that the carrier went down.',
    ({ link }) => link.raw.carrierDownCount,
    'counter',
  ),
  property('device_id', 'Device id, from sysfs dev_id.', (row) => row.devId),
  property('dormant', 'Value is 1 if the device is dormant, 0 otherwise.', dormant),
  property('flags', 'IFF_* flags of the device.', flags),
  property('iface_id', 'Index of the device.', ({ link }) => link.ifindex),
  property(
    'iface_link',
    'Index of the device below, its own where there is none.',
    ({ link }) => link.raw.link,
  ),
  property('iface_link_mode', 'Link mode (IF_LINK_MODE_*).', ({ link }) => link.raw.linkmode),
  property('mtu_bytes', 'Maximum transmission unit in bytes.', ({ link }) => link.mtu),
  property('name_assign_type', 'How the name came about (NET_NAME_*).', (row) => row.nameAssignType),
  property('net_dev_group', 'Device group.', ({ link }) => link.raw.group),
  property('protocol_type', 'Hardware type (ARPHRD_*).', ({ link }) => link.raw.type),
  property('speed_bytes', 'Link speed in bytes per second, -125000 for unknown.', ({ speed }) =>
    speed === undefined ? undefined : speed * BYTES_PER_SECOND_PER_MBIT,
  ),
  property('transmit_queue_length', 'Length of the transmit queue in packets.', ({ link }) => link.txqlen),
];

const INFO_LABELS = ['address', 'broadcast', 'duplex', 'operstate', 'adminstate', 'ifalias'] as const;

const INFO: Family = {
  name: 'node_network_info',
  help: 'Text properties of the device, value is always 1.',
  type: 'gauge',
  labels: ['device', ...INFO_LABELS],
};

/** Attributes of every device, from the snapshot. */
export const netclass: Collector = {
  name: 'netclass',
  enabledByDefault: true,
  scope: 'netns',
  families: [INFO, ...PROPERTIES],
  collect: collectNetclass,
};

async function collectNetclass(source: Source, out: Exposition): Promise<void> {
  const links = source.links();
  const info = out.family(INFO);
  for (const row of links) info.sample(infoLabels(row), 1);
  for (const family of PROPERTIES) {
    await out.breathe();
    const writer = out.family(family);
    for (const row of links) {
      const value = family.of(row);
      if (value !== undefined) writer.sample(row.labels, value);
    }
  }
}

/** Labels of `node_network_info` are long and change seldom, so they are kept for as long as they hold. */
interface InfoEntry {
  readonly link: LinkRow['link'];
  readonly duplex: string | undefined;
  readonly bytes: Uint8Array;
}

const infoEntries = new WeakMap<LinkRow, InfoEntry>();

function infoLabels(row: LinkRow): Uint8Array {
  const known = infoEntries.get(row);
  if (known !== undefined && known.link === row.link && known.duplex === row.duplex) return known.bytes;
  const { link, duplex } = row;
  const { address = '', broadcast = '', operstate, ifalias = '' } = link;
  const adminstate = (link.raw.flags & IFF_UP) === 0 ? 'down' : 'up';
  const values = [address, broadcast, duplex ?? '', operstate.toLowerCase(), adminstate, ifalias];
  const bytes = joined(row.labels, bytesOf(`,${labelText(INFO_LABELS, values)}`));
  infoEntries.set(row, { link, duplex, bytes });
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** What rtnetlink derives and sysfs does not show: RUNNING, LOWER_UP, DORMANT. */
const IFF_DERIVED = 0x3_0040;
const IFF_PROMISC = 0x100;
const IFF_ALLMULTI = 0x200;

/** dev->flags as sysfs has them: there the two modes stand for what is in force, not for what a user asked for. */
function flags({ link }: LinkRow): number {
  const modes =
    ((link.promiscuity ?? 0) > 0 ? IFF_PROMISC : 0) | ((link.allmulti ?? 0) > 0 ? IFF_ALLMULTI : 0);
  return (link.raw.flags & ~(IFF_DERIVED | IFF_PROMISC | IFF_ALLMULTI)) | modes;
}

/** sysfs gives `carrier` and `dormant` only while the device is up (net/core/net-sysfs.c carrier_show, dormant_show). */
const IF_OPER_DORMANT = 5;

function carrier({ link }: LinkRow): number | undefined {
  return (link.raw.flags & IFF_UP) === 0 ? undefined : link.raw.carrier;
}

function dormant({ link }: LinkRow): number | undefined {
  if ((link.raw.flags & IFF_UP) === 0) return undefined;
  return link.raw.operstate === IF_OPER_DORMANT ? 1 : 0;
}
