// SPDX-License-Identifier: Apache-2.0
// What `weir top` reads: `GET /v1/stats/links` answers a LinkStatsReport for every watched namespace in one go, from one
// RTM_GETSTATS dump, the event-fed snapshot of links and one RTM_GETQDISC dump per namespace.

/** Counters of every device of every watched namespace at one moment. */
export interface LinkStatsReport {
  /** Milliseconds since the epoch when the counters were read. */
  readonly timestamp: number;
  readonly items: readonly LinkStatsItem[];
}

/** One device. Counters are the kernel's, since the device appeared. */
export interface LinkStatsItem {
  /** '' for the agent's own namespace. */
  readonly netns: string;
  readonly ifindex: number;
  readonly ifname: string;
  /** As in `ip -j link`: UP, DOWN, UNKNOWN, ... */
  readonly operstate: string;
  /** Kind of virtual device (`veth`), absent for hardware. */
  readonly kind?: string;
  /** Root qdisc. */
  readonly qdisc: string;
  readonly rx: DirectionStats;
  readonly tx: DirectionStats;
  /** Sums over the root qdisc; absent where the device has none (noqueue). */
  readonly queue?: QueueState;
}

export interface DirectionStats {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

export interface QueueState {
  /** Bytes waiting. */
  readonly backlog: number;
  /** Packets waiting. */
  readonly qlen: number;
  readonly drops: number;
  readonly requeues: number;
  readonly overlimits: number;
}
