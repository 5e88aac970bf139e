// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  collected,
  collectedText,
  linkRow,
  recordedSource,
  sampleOf,
} from '../../test/helpers/recorded-source.ts';
import { arp } from './arp.ts';
import { bonding } from './bonding.ts';
import { type EthtoolData, LINK_STATS64_FIELDS, type LinkStats } from './collector.ts';
import { ethtool } from './ethtool.ts';
import { netclass } from './netclass.ts';
import { netdev } from './netdev.ts';
import { networkRoute } from './network-route.ts';
import { qdisc } from './qdisc.ts';
import { queues } from './queues.ts';

/** Field i of the device has the value `2^i`, so that a sum tells what went into it. */
function powers(ifindex: number): LinkStats {
  const values = LINK_STATS64_FIELDS.map((_, i) => 1n << BigInt(i));
  return statsOf(ifindex, values);
}

function statsOf(ifindex: number, values: readonly bigint[]): LinkStats {
  return {
    row: (wanted) => (wanted === ifindex ? 0 : undefined),
    lo: Uint32Array.from(values, (value) => Number(value & 0xffff_ffffn)),
    hi: Uint32Array.from(values, (value) => Number(value >> 32n)),
  };
}

test('netdev adds up what /proc/net/dev adds up', async () => {
  const source = recordedSource({}, { links: () => [linkRow(3, 'eth0')], linkStats: async () => powers(3) });
  const families = await collected(netdev, source);
  const bit = (name: (typeof LINK_STATS64_FIELDS)[number]) => 2 ** LINK_STATS64_FIELDS.indexOf(name);
  const value = (name: string) => sampleOf(families, `node_network_${name}_total`, { device: 'eth0' });
  expect(families.size).toBe(17);
  expect(value('receive_bytes')).toBe(bit('rx_bytes'));
  expect(value('receive_drop')).toBe(bit('rx_dropped') + bit('rx_missed_errors'));
  expect(value('receive_frame')).toBe(
    bit('rx_frame_errors') + bit('rx_length_errors') + bit('rx_over_errors') + bit('rx_crc_errors'),
  );
  expect(value('transmit_carrier')).toBe(
    bit('tx_carrier_errors') +
      bit('tx_aborted_errors') +
      bit('tx_heartbeat_errors') +
      bit('tx_window_errors'),
  );
  expect(value('receive_nohandler')).toBe(bit('rx_nohandler'));
  expect(value('receive_multicast')).toBe(bit('multicast'));
  expect(value('transmit_colls')).toBe(bit('collisions'));
});

test('netdev sums carry into the upper half and keep all digits', async () => {
  const values = LINK_STATS64_FIELDS.map(() => 0n);
  values[LINK_STATS64_FIELDS.indexOf('rx_dropped')] = 0xffff_ffffn;
  values[LINK_STATS64_FIELDS.indexOf('rx_missed_errors')] = 0x1_0000_0002n;
  values[LINK_STATS64_FIELDS.indexOf('rx_bytes')] = 0xffff_ffff_ffff_fffen;
  const source = recordedSource(
    {},
    { links: () => [linkRow(3, 'eth0')], linkStats: async () => statsOf(3, values) },
  );
  const text = await collectedText(netdev, source);
  expect(text).toContain('receive_drop_total{device="eth0"} 8589934593\n');
  expect(text).toContain('receive_bytes_total{device="eth0"} 18446744073709551614\n');
});

test('netdev leaves out a device that vanished and counts it', async () => {
  let gone = 0;
  const source = recordedSource(
    {},
    {
      links: () => [linkRow(3, 'eth0'), linkRow(4, 'eth1')],
      linkStats: async () => powers(3),
      vanished: (devices) => (gone += devices),
    },
  );
  const families = await collected(netdev, source);
  expect(families.get('node_network_receive_bytes_total')?.samples.size).toBe(1);
  expect(gone).toBe(1);
});

test('netclass shows what sysfs shows: absent is absent, lo is not up, -1 is -125000', async () => {
  const lo = linkRow(1, 'lo', { operstate: 'UNKNOWN', raw: { operstate: 0, flags: 0x10049, type: 772 } });
  const down = linkRow(2, 'eth0', { operstate: 'DOWN', raw: { operstate: 2, flags: 0x1002, carrier: 0 } });
  const up = { ...linkRow(3, 'eth1', { promiscuity: 2, raw: { carrier: 1 } }), speed: -1, duplex: 'unknown' };
  const families = await collected(netclass, recordedSource({}, { links: () => [lo, down, up] }));
  const value = (name: string, device: string) => sampleOf(families, `node_network_${name}`, { device });
  expect(['lo', 'eth0', 'eth1'].map((device) => value('up', device))).toEqual([0, 0, 1]);
  expect(['lo', 'eth0', 'eth1'].map((device) => value('carrier', device))).toEqual([undefined, undefined, 1]);
  expect(['lo', 'eth0', 'eth1'].map((device) => value('dormant', device))).toEqual([0, undefined, 0]);
  expect(['lo', 'eth0', 'eth1'].map((device) => value('flags', device))).toEqual([9, 0x1002, 0x1103]);
  expect(['lo', 'eth0', 'eth1'].map((device) => value('speed_bytes', device))).toEqual([
    undefined,
    undefined,
    -125000,
  ]);
  expect(value('carrier_changes_total', 'eth1')).toBeUndefined();
  expect(sampleOf(families, 'node_network_info', { device: 'eth0', adminstate: 'down' })).toBe(1);
  expect(
    sampleOf(families, 'node_network_info', { device: 'eth1', duplex: 'unknown', operstate: 'up' }),
  ).toBe(1);
});

test('netclass remakes its labels when the link or its duplex changes', async () => {
  const row = { ...linkRow(3, 'eth1'), duplex: 'half' };
  const duplexOf = async () => {
    const families = await collected(netclass, recordedSource({}, { links: () => [row] }));
    return [...(families.get('node_network_info')?.samples.values() ?? [])].map(({ labels }) => [
      labels['duplex'],
      labels['ifalias'],
    ]);
  };
  expect(await duplexOf()).toEqual([['half', '']]);
  row.duplex = 'full';
  expect(await duplexOf()).toEqual([['full', '']]);
  Object.assign(row, { link: { ...row.link, ifalias: 'a"b' } });
  expect(await duplexOf()).toEqual([['full', 'a"b']]);
});

test('qdiscs: roots under node_, all under weir_, and only those in another namespace', async () => {
  const common = {
    ifindex: 3,
    device: 'eth0',
    requeues: 0,
    overlimits: 0,
    qlen: 1,
    backlog: 2,
    bytes: 3,
    packets: 4,
    drops: 5,
  };
  const qdiscs = async () => [
    { ...common, kind: 'htb', handle: '1:', parent: 'root', root: true },
    { ...common, kind: 'pfifo', handle: '10:', parent: '1:10', root: false },
  ];
  const own = await collected(qdisc, recordedSource({}, { qdiscs }));
  expect(own.get('node_qdisc_drops_total')?.samples.size).toBe(1);
  expect(sampleOf(own, 'node_qdisc_current_queue_length', { device: 'eth0', kind: 'htb' })).toBe(1);
  expect(sampleOf(own, 'node_qdisc_backlog', { device: 'eth0' })).toBe(2);
  expect(sampleOf(own, 'weir_qdisc_drops_total', { parent: '1:10', handle: '10:' })).toBe(5);
  const other = await collected(qdisc, recordedSource({}, { qdiscs, netns: 'blue' }));
  expect([...other.keys()].every((name) => name.startsWith('weir_qdisc_'))).toBe(true);
  expect(other.get('weir_qdisc_drops_total')?.samples.size).toBe(2);
});

test('arp counts what /proc/net/arp lists, and the table against its thresholds', async () => {
  const count = (family: 'ipv4' | 'ipv6', state: string, entries: number) => ({
    ifindex: 3,
    device: 'eth0',
    family,
    state,
    entries,
  });
  const files = {
    'proc/net/stat/arp_cache': 'entries  allocs\n0000000a 00000009\n0000000a 00000006\n',
    'proc/sys/net/ipv4/neigh/default/gc_thresh3': '1024\n',
  };
  const neighbourCounts = async () => [
    count('ipv4', 'reachable', 3),
    count('ipv4', 'failed', 2),
    count('ipv4', 'noarp', 7),
    count('ipv6', 'stale', 4),
  ];
  const families = await collected(arp, recordedSource(files, { neighbourCounts }));
  expect(sampleOf(families, 'node_arp_entries', { device: 'eth0' })).toBe(5);
  expect(sampleOf(families, 'weir_neighbour_entries', { family: 'ipv4', state: 'noarp' })).toBe(7);
  expect(sampleOf(families, 'weir_neighbour_table_entries', { family: 'ipv4' })).toBe(10);
  const limit = { family: 'ipv4', threshold: 'gc_thresh3' };
  expect(sampleOf(families, 'weir_neighbour_table_threshold_entries', limit)).toBe(1024);
});

test('bonding counts links by MII status', async () => {
  const slave = (ifindex: number, mii_status: string) =>
    linkRow(ifindex, `eth${ifindex}`, {
      master: 'bond0',
      linkinfo: { info_kind: 'x', info_slave_kind: 'bond', info_slave_data: { mii_status } },
    });
  const links = () => [slave(1, 'UP'), slave(2, 'DOWN'), linkRow(3, 'other', { master: 'bond0' })];
  const source = recordedSource({ 'sys/class/net/bonding_masters': 'bond0 bond1\n' }, { links });
  const families = await collected(bonding, source);
  expect(sampleOf(families, 'node_bonding_slaves', { master: 'bond0' })).toBe(2);
  expect(sampleOf(families, 'node_bonding_active', { master: 'bond0' })).toBe(1);
  expect(sampleOf(families, 'node_bonding_slaves', { master: 'bond1' })).toBe(0);
  await expect(collected(bonding, recordedSource({}))).rejects.toMatchObject({ code: 'NO_DATA' });
});

test('ethtool renames statistics, drops names that clash, and shows nothing of a device that is gone', async () => {
  const data: EthtoolData = {
    driver: {
      driver: 'e1000',
      version: '1',
      firmware_version: 'f',
      bus_info: '0000:00',
      expansion_rom_version: '',
    },
    strings: [
      ['rx_packets', 1n],
      ['tx_errors', 2n],
      ['rx_queue_0_xdp_tx', 3n],
      ['  Weird-Name.x', 4n],
      ['same a', 5n],
      ['same_a', 6n],
      ['tx_dropped', 7n],
    ],
    linkModes: {
      autoneg: true,
      supported: ['Autoneg', 'TP', 'Pause', '10baseT/Half', '1000baseT/Full'],
      advertised: ['Autoneg', '1000baseT/Full'],
    },
    groups: new Map([['mac', [['FramesReceivedOK', 9n] as const]]]),
  };
  const nothing: EthtoolData = { strings: [], groups: new Map() };
  const answering = recordedSource(
    {},
    {
      links: () => [linkRow(1, 'gone'), linkRow(2, 'eth0')],
      ethtool: async ({ link }) => (link.ifname === 'gone' ? nothing : data),
    },
  );
  const families = await collected(ethtool, answering);
  const value = (name: string, labels = {}) => sampleOf(families, name, { device: 'eth0', ...labels });
  expect([...families.values()].flatMap(({ samples }) => [...samples.values()])).not.toContainEqual(
    expect.objectContaining({ labels: expect.objectContaining({ device: 'gone' }) }),
  );
  expect(value('node_ethtool_info', { driver: 'e1000', bus_info: '0000:00' })).toBe(1);
  expect(value('node_ethtool_received_packets_total')).toBe(1);
  expect(value('node_ethtool_transmitted_errors_total')).toBe(2);
  expect(value('node_ethtool_received_queue_0_xdp_transmitted')).toBe(3);
  expect(value('node_ethtool_weird_name_x')).toBe(4);
  expect(families.has('node_ethtool_same_a')).toBe(false);
  expect(value('node_ethtool_transmitted_dropped')).toBe(7);
  expect(value('node_network_pause_supported')).toBe(1);
  expect(value('node_network_pause_advertised')).toBe(0);
  expect(value('node_network_supported_port_info', { type: 'TP' })).toBe(1);
  expect(value('node_network_supported_speed_bytes', { duplex: 'half', mode: '10baseT' })).toBe(1_250_000);
  expect(families.get('node_network_advertised_speed_bytes')?.samples.size).toBe(1);
  expect(value('weir_ethtool_mac_frames_received_ok_total')).toBe(9);
});

test('routes: equal labels are one series, every hop counts', async () => {
  const route = {
    device: 'eth0',
    src: '',
    dest: 'default',
    gw: '10.0.0.1',
    priority: '0',
    proto: 'static',
    weight: '',
  };
  const routes = async (visit: (row: typeof route) => void, restart: () => void) => {
    visit(route);
    restart();
    for (const gw of ['10.0.0.1', '10.0.0.1', '10.0.0.2']) visit({ ...route, gw });
  };
  const families = await collected(networkRoute, recordedSource({}, { routes }));
  expect(families.get('node_network_route_info')?.samples.size).toBe(2);
  expect(sampleOf(families, 'node_network_routes', { device: 'eth0' })).toBe(3);
});

test('queues: direction is a label and not part of the name', async () => {
  const queue = { ifindex: 2, device: 'eth0', id: 0 };
  const families = await collected(
    queues,
    recordedSource(
      {},
      {
        queues: async () => ({
          queues: [
            { ...queue, type: 'rx' as const, napiId: 77, stats: new Map([['rxHwDrops', 5n]]) },
            { ...queue, type: 'tx' as const, stats: new Map([['txPackets', 6n]]) },
          ],
          napis: [{ ifindex: 2, device: 'eth0', id: 77, irq: 30 }],
        }),
      },
    ),
  );
  expect(sampleOf(families, 'weir_queue_hw_drops_total', { type: 'rx', queue: '0' })).toBe(5);
  expect(sampleOf(families, 'weir_queue_packets_total', { type: 'tx' })).toBe(6);
  expect(sampleOf(families, 'weir_queue_info', { type: 'rx', napi_id: '77' })).toBe(1);
  expect(sampleOf(families, 'weir_napi_info', { irq: '30', pid: '' })).toBe(1);
});
