// SPDX-License-Identifier: Apache-2.0
// What advice is made from: counters and settings of one namespace at one moment.
import type { Spec } from '../../model/object.ts';

/** Counters since boot, settings as they are. */
export interface Sample {
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  /** '' for the agent's own namespace, which also stands for the machine. */
  readonly netns: string;
  /** The machine's first namespace, whose sysctls of the whole machine may be written. */
  readonly initial: boolean;
  readonly cpus: readonly CpuSample[];
  /** By `protocol.field` of /proc/net/snmp and netstat: `TcpExt.ListenOverflows`. */
  readonly snmp: ReadonlyMap<string, number>;
  /** By `protocol.field` of /proc/net/sockstat: `TCP.tw`. */
  readonly sockets: ReadonlyMap<string, number>;
  readonly tcp: TcpSockets;
  readonly links: readonly LinkSample[];
  readonly qdiscs: readonly QdiscSample[];
  readonly conntrack?: { readonly entries: number; readonly limit: number; readonly dropped: number };
  readonly neighbours: readonly NeighbourSample[];
  readonly sysctls: ReadonlyMap<string, number | string>;
}

/** One CPU: jiffies of /proc/stat, counts of /proc/net/softnet_stat. */
export interface CpuSample {
  readonly cpu: number;
  readonly softirq: number;
  readonly idle: number;
  readonly total: number;
  readonly processed: number;
  readonly dropped: number;
  readonly squeezed: number;
}

export interface TcpSockets {
  readonly established: number;
  /** Mean of the smoothed round trip times of connections, microseconds; 0 without any. */
  readonly rtt: number;
  /** Far ends with most connections that begin here, TIME-WAIT included, most first. */
  readonly busiest: readonly {
    readonly to: string;
    readonly connections: number;
    readonly timeWait: number;
  }[];
  /** Listening sockets: connections that wait, and how many may. */
  readonly listeners: readonly { readonly at: string; readonly waiting: number; readonly limit: number }[];
  /** Connections whose first full-sized segments are sent again and again. */
  readonly stuck: readonly { readonly to: string; readonly mss: number }[];
}

export interface LinkSample {
  readonly ifindex: number;
  readonly dev: string;
  /** As `ip -d` names it; absent of hardware. */
  readonly kind?: string;
  readonly hardware: boolean;
  readonly up: boolean;
  readonly mtu: number;
  readonly txqlen: number;
  readonly counters: Readonly<Record<LinkCounter, number>>;
  /** What ethtool and sysfs let be set, as in `devices` of a Tuning document. */
  readonly settings: Spec;
  /** The largest rings that the driver takes. */
  readonly ringsMax?: { readonly rx: number; readonly tx: number };
  readonly irqs: readonly IrqSample[];
}

export type LinkCounter =
  | 'rx_packets'
  | 'tx_packets'
  | 'rx_bytes'
  | 'tx_bytes'
  | 'rx_dropped'
  | 'tx_dropped'
  | 'rx_fifo_errors'
  | 'rx_missed_errors'
  | 'rx_over_errors';

/** An interrupt of a device, and how often it came, by CPU. */
export interface IrqSample {
  readonly irq: number;
  readonly counts: readonly number[];
}

export interface QdiscSample {
  readonly dev: string;
  readonly kind: string;
  readonly handle: string;
  readonly parent: string;
  readonly root: boolean;
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
  readonly backlog: number;
}

export interface NeighbourSample {
  readonly family: 'ipv4' | 'ipv6';
  readonly entries: number;
  /** Times that no place was left. */
  readonly tableFulls: number;
}
