// SPDX-License-Identifier: Apache-2.0
// One sample of a namespace for advice and trials.
import { textOf } from '../../base/bytes.ts';
import { type NamespaceIo, NETLINK } from '../../kernel/ports.ts';
import { sysctlPath } from '../../kinds/sysctl/name.ts';
import { sysctlSpec } from '../../kinds/sysctl/sysctl.ts';
import { LINK_STATS64_FIELDS, type LinkStats } from '../../metrics/collector.ts';
import { WATCHED_SYSCTLS } from '../../tuning/advice/registry.ts';
import type {
  IrqSample,
  LinkCounter,
  LinkSample,
  NeighbourSample,
  Sample,
} from '../../tuning/advice/sample.ts';
import { NamespaceSource } from '../metrics-source.ts';
import type { ObservedNamespace } from '../namespace-set.ts';
import { cpuSamples, neighbourTableFulls, protocolCounters, socketCounts } from './counters.ts';
import { irqsOf, readInterrupts } from './interrupts.ts';
import { optional } from './optional.ts';
import { type DeviceSettings, deviceSettings } from './settings.ts';
import { readTcpSockets } from './tcp-sockets.ts';

/** Exists only where the sysctls of the whole machine are. */
const OF_NODE = 'net.core.netdev_max_backlog';

/** How much is read. */
export interface SampleOptions {
  /** Also settings, sockets and interrupts: advice needs them, a trial each second does not. */
  readonly whole: boolean;
  readonly now: () => number;
}

const NO_SETTINGS: ReadonlyMap<number, DeviceSettings> = new Map();
const NO_INTERRUPTS: ReadonlyMap<number, IrqSample> = new Map();
const NO_SOCKETS: Sample['tcp'] = { established: 0, rtt: 0, busiest: [], listeners: [], stuck: [] };

/** Read the counters of a namespace, and its settings. What the kernel does not have is absent. */
export async function readSample(
  namespace: ObservedNamespace,
  { whole, now }: SampleOptions,
): Promise<Sample> {
  const { io, name } = namespace;
  const { signal } = new AbortController();
  const source = new NamespaceSource(namespace, undefined, signal);
  const text = async (path: string) => textOf((await optional(() => io.proc.read(path))) ?? new Uint8Array());
  const sysctls = await readSysctls(io);
  const tracked = await optional(() => source.conntrack());
  const snmp = protocolCounters(await text('net/snmp'), await text('net/netstat'), await text('net/snmp6'));
  return {
    at: now(),
    netns: name,
    initial: sysctls.has(OF_NODE),
    cpus: cpuSamples(await text('stat'), await text('net/softnet_stat')),
    snmp,
    sockets: socketCounts(await text('net/sockstat')),
    tcp: whole ? await readTcpSockets(await io.netlink(NETLINK.SOCK_DIAG), signal) : NO_SOCKETS,
    links: await linkSamples(namespace, await source.linkStats(), whole),
    qdiscs: (await source.qdiscs()).map(({ device: dev, ...rest }) => ({ dev, ...rest })),
    ...(tracked && {
      conntrack: {
        entries: tracked.entries,
        limit: tracked.limit,
        dropped: (tracked.stats.get('drop') ?? 0) + (tracked.stats.get('early_drop') ?? 0),
      },
    }),
    neighbours: await neighbourSamples(source, text, whole),
    sysctls,
  };
}

/** Those that rules look at, as far as the namespace has them. */
export async function readSysctls(io: NamespaceIo): Promise<Sample['sysctls']> {
  const found = new Map<string, number | string>();
  for (const name of new Set([...WATCHED_SYSCTLS, OF_NODE])) {
    const bytes = await optional(() => io.proc.read(sysctlPath(name)));
    if (bytes !== undefined) found.set(name, sysctlSpec(name, textOf(bytes))['value'] as number | string);
  }
  return found;
}

const COUNTERS: readonly LinkCounter[] = [
  'rx_packets',
  'tx_packets',
  'rx_bytes',
  'tx_bytes',
  'rx_dropped',
  'tx_dropped',
  'rx_fifo_errors',
  'rx_missed_errors',
  'rx_over_errors',
];

async function linkSamples(
  { io, snapshot }: ObservedNamespace,
  stats: LinkStats,
  whole: boolean,
): Promise<readonly LinkSample[]> {
  const interrupts = whole ? await readInterrupts(io.proc) : NO_INTERRUPTS;
  const settings = whole ? await deviceSettings(io, snapshot.links()) : NO_SETTINGS;
  return snapshot.links().flatMap(({ link }): LinkSample[] => {
    const row = stats.row(link.ifindex);
    if (row === undefined || link.ifname === 'lo') return [];
    const kind = link.linkinfo?.info_kind;
    const own = settings.get(link.ifindex);
    const hardware = link.parentdev !== undefined;
    return [
      {
        ifindex: link.ifindex,
        dev: link.ifname,
        ...(kind !== undefined && { kind }),
        hardware,
        up: link.flags.includes('UP'),
        mtu: link.mtu,
        txqlen: link.txqlen ?? 0,
        counters: Object.fromEntries(
          COUNTERS.map((name) => [name, counterIn(stats, row, name)]),
        ) as LinkSample['counters'],
        settings: own?.settings ?? {},
        ...(own?.ringsMax && { ringsMax: own.ringsMax }),
        irqs: hardware ? irqsOf(interrupts, own?.irqs ?? []) : [],
      },
    ];
  });
}

function counterIn({ lo, hi }: LinkStats, row: number, name: LinkCounter): number {
  const at = row * LINK_STATS64_FIELDS.length + LINK_STATS64_FIELDS.indexOf(name);
  return (hi[at] as number) * 2 ** 32 + (lo[at] as number);
}

async function neighbourSamples(
  source: NamespaceSource,
  text: (path: string) => Promise<string>,
  whole: boolean,
): Promise<readonly NeighbourSample[]> {
  const counts = whole ? await source.neighbourCounts() : [];
  const sampleOf = async (family: 'ipv4' | 'ipv6', file: string): Promise<NeighbourSample> => {
    // permanent ones do not count for gc_thresh3 (net/core/neighbour.c neigh_alloc())
    const own = counts.filter((one) => one.family === family && one.state !== 'permanent');
    const entries = own.reduce((total, one) => total + one.entries, 0);
    return { family, entries, tableFulls: neighbourTableFulls(await text(`net/stat/${file}`)) };
  };
  return [await sampleOf('ipv4', 'arp_cache'), await sampleOf('ipv6', 'ndisc_cache')];
}
