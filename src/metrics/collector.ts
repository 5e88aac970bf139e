// SPDX-License-Identifier: Apache-2.0
import type { DropRow } from '../model/drop.ts';
import type { Link } from '../model/link.ts';
import type { Exposition, Family } from './exposition.ts';
import type { Churn, PacketCounts, Queueing, RunDelay, TcpTelemetry } from './telemetry-rows.ts';

/** One source of metrics: one file, one line in the registry. */
export interface Collector {
  /** Value of the `collector` label, node_exporter's name where it has one. */
  readonly name: string;
  readonly enabledByDefault: boolean;
  /** `node`: once per scrape, for things that are the machine's. `netns`: once for each watched namespace. */
  readonly scope: 'node' | 'netns';
  /** Every family it can emit. The reference in docs/metrics.md is generated from these. */
  readonly families: readonly Family[];
  /** Families whose names the kernel makes up; the variable part stands in `<angle brackets>`. */
  readonly openFamilies?: readonly Family[];
  /**
   * Read and render. A throw marks this collector as failed and nothing else; `NO_DATA` is a quiet failure.
   * What was written before a throw stays.
   */
  collect(source: Source, out: Exposition): Promise<void> | void;
}

/** All that a collector may ask of one namespace. The kernel side implements it; tests give it recorded bytes. */
export interface Source {
  /** '' for the agent's own namespace: families then carry node_ names and no netns label. */
  readonly netns: string;
  /** Content of a file under /proc as this namespace sees it. @throws {WeirError} `NO_DATA` when absent. */
  proc(path: string): Promise<Uint8Array>;
  /** Content of a file under /sys as this namespace sees it. @throws {WeirError} `NO_DATA` when absent. */
  sys(path: string): Promise<Uint8Array>;
  /** Devices from the event-fed snapshot, already filtered by the configured device patterns. */
  links(): readonly LinkRow[];
  /** Count devices of `links` that turned out to be gone. */
  vanished(devices: number): void;
  /** Fresh rtnl_link_stats64 of every device, from one RTM_GETSTATS dump shared by the collectors of a scrape. */
  linkStats(): Promise<LinkStats>;
  /** All qdiscs with their statistics. */
  qdiscs(): Promise<readonly QdiscStats[]>;
  /** Neighbours counted while streaming, never kept. */
  neighbourCounts(): Promise<readonly NeighbourCount[]>;
  /** Unicast routes streamed to `visit`; after `restart` they come anew from the first. */
  routes(visit: (route: RouteRow) => void, restart: () => void): Promise<void>;
  /** TCP sockets by state and their queues, IPv4 and IPv6 added. */
  tcpStates(): Promise<TcpStates>;
  /** nf_conntrack statistics; NO_DATA where the module is absent. */
  conntrack(): Promise<ConntrackStats>;
  /** ethtool of one device; what its driver does not answer, or a device that is gone, is absent. */
  ethtool(link: LinkRow): Promise<EthtoolData>;
  /** Queues and NAPI instances from the netdev generic netlink family. */
  queues(): Promise<QueueStats>;
  /** Packets by device and direction; NO_DATA without the eBPF telemetry `flows`. */
  packets(): Promise<readonly PacketCounts[]>;
  /** Delays and polls; NO_DATA without the eBPF telemetry `queueing`. */
  queueing(): Promise<Queueing>;
  /** TCP by device and group of peers; NO_DATA without the eBPF telemetry `tcp`. */
  tcp(): Promise<TcpTelemetry>;
  /** Failed neighbours and changes; NO_DATA without the eBPF telemetry `churn`. */
  churn(): Promise<Churn>;
  /** How long ksoftirqd and the agent waited for a CPU. */
  runDelays(): Promise<readonly RunDelay[]>;
  /** Dropped packets of this namespace; NO_DATA where their telemetry does not run. */
  drops(): Promise<Drops>;
}

export interface Drops {
  readonly rows: readonly DropRow[];
  /** Packets of the whole machine that were not counted since the table was full. */
  readonly lost: number;
}

/** A device with the bytes that begin its series: made once when the device appears, used at every scrape. */
export interface LinkRow {
  readonly link: Link;
  /** `device="eth0"` (own namespace) or `netns="x",device="eth0"`, escaped, without braces. */
  readonly labels: Uint8Array;
  /** From sysfs, read when the link appeared or changed its address or name. */
  readonly addrAssignType?: number;
  readonly devId?: number;
  readonly nameAssignType?: number;
  /** Mbit/s as the kernel says it, -1 for unknown; absent where the read fails (loopback, tunnels). */
  readonly speed?: number;
  readonly duplex?: string;
  /** When its carrier last changed, in milliseconds since 1970; absent until it does. */
  readonly carrierChanged?: number;
}

/**
 * rtnl_link_stats64 of many devices in two parallel arrays of 32-bit halves, so that no bigint is made.
 * Field f of device at `row` is at `[row * FIELDS + f]`.
 */
export interface LinkStats {
  /** Row of a device, or undefined when it vanished since. */
  row(ifindex: number): number | undefined;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

/** Order of fields in rtnl_link_stats64 (include/uapi/linux/if_link.h). */
export const LINK_STATS64_FIELDS = [
  'rx_packets',
  'tx_packets',
  'rx_bytes',
  'tx_bytes',
  'rx_errors',
  'tx_errors',
  'rx_dropped',
  'tx_dropped',
  'multicast',
  'collisions',
  'rx_length_errors',
  'rx_over_errors',
  'rx_crc_errors',
  'rx_frame_errors',
  'rx_fifo_errors',
  'rx_missed_errors',
  'tx_aborted_errors',
  'tx_carrier_errors',
  'tx_fifo_errors',
  'tx_heartbeat_errors',
  'tx_window_errors',
  'rx_compressed',
  'tx_compressed',
  'rx_nohandler',
  'rx_otherhost_dropped',
] as const;

export interface QdiscStats {
  readonly ifindex: number;
  readonly device: string;
  readonly kind: string;
  /** `1:` */
  readonly handle: string;
  /** `root`, `1:10`, `ffff:fff1` (ingress, clsact). */
  readonly parent: string;
  readonly root: boolean;
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly requeues: number;
  readonly overlimits: number;
  readonly qlen: number;
  readonly backlog: number;
}

export interface NeighbourCount {
  readonly ifindex: number;
  readonly device: string;
  readonly family: 'ipv4' | 'ipv6';
  /** NUD state in lower case: reachable, stale, failed, ... */
  readonly state: string;
  readonly entries: number;
}

export interface RouteRow {
  readonly device: string;
  readonly src: string;
  readonly dest: string;
  readonly gw: string;
  readonly priority: string;
  readonly proto: string;
  readonly weight: string;
}

export interface TcpStates {
  /** By node_exporter's state name. */
  readonly states: ReadonlyMap<string, number>;
  readonly rxQueuedBytes: number;
  readonly txQueuedBytes: number;
}

export interface ConntrackStats {
  readonly entries: number;
  readonly limit: number;
  /** Summed over CPUs, by the kernel's names: found, invalid, insert, insert_failed, drop, early_drop, error, search_restart, clash_resolve, ... */
  readonly stats: ReadonlyMap<string, number>;
}

export interface EthtoolData {
  readonly driver?: Readonly<Record<string, string>>;
  /** `ethtool -S`: names with values in order. */
  readonly strings: readonly (readonly [name: string, value: bigint])[];
  readonly linkModes?: EthtoolLinkModes;
  /** Standard statistics groups by name (eth-phy, eth-mac, eth-ctrl, rmon, pause, fec). */
  readonly groups: ReadonlyMap<string, readonly (readonly [name: string, value: bigint])[]>;
}

/** Modes by the kernel's names: `1000baseT/Full`, and among them Autoneg, Pause, Asym_Pause, TP, FIBRE, ... */
export interface EthtoolLinkModes {
  readonly autoneg: boolean;
  readonly supported: readonly string[];
  readonly advertised: readonly string[];
}

export interface QueueStats {
  readonly queues: readonly {
    readonly ifindex: number;
    readonly device: string;
    readonly type: 'rx' | 'tx';
    readonly id: number;
    readonly napiId?: number;
    readonly stats: ReadonlyMap<string, bigint>;
  }[];
  readonly napis: readonly {
    readonly ifindex: number;
    readonly device: string;
    readonly id: number;
    readonly irq?: number;
    readonly pid?: number;
  }[];
}
