// SPDX-License-Identifier: Apache-2.0

/**
 * A queueing discipline as observed, with the field names of `tc -json -statistics qdisc`. Handles are text
 * as tc writes them (`1:`, `1:10`).
 */
export interface Qdisc extends TcStats {
  readonly kind: string;
  readonly handle: string;
  /** Works in hardware. */
  readonly offloaded?: true;
  readonly dev: string;
  readonly ifindex: number;
  readonly root?: true;
  readonly parent?: string;
  readonly refcnt?: number;
  readonly ingress_block?: number;
  readonly egress_block?: number;
  readonly options: TcOptions;
}

/**
 * A traffic class. `tc` has no JSON for classes on many nodes; names are those of its qdiscs and of newer
 * versions.
 */
export interface TrafficClass extends TcStats {
  /** Kind of the qdisc that it belongs to. */
  readonly class: string;
  readonly handle: string;
  readonly dev: string;
  readonly ifindex: number;
  readonly root?: true;
  readonly parent?: string;
  /** Handle of the qdisc that hangs below. */
  readonly leaf?: string;
  readonly options: TcOptions;
}

/** Settings by tc's names. Rates in bytes per second, times in microseconds, as tc writes them in JSON. */
export type TcOptions = Readonly<Record<string, unknown>>;

/** Counters of a qdisc or class. 64-bit counters are exact up to 2^53. */
export interface TcStats {
  readonly bytes?: number;
  readonly packets?: number;
  readonly drops?: number;
  readonly overlimits?: number;
  readonly requeues?: number;
  /** Bytes waiting. */
  readonly backlog?: number;
  /** Packets waiting. */
  readonly qlen?: number;
  /** Bytes per second by the kernel's rate estimator. */
  readonly rate?: number;
  readonly pps?: number;
  /** What only this kind counts. */
  readonly [counter: string]: unknown;
}
