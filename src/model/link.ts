// SPDX-License-Identifier: Apache-2.0

/**
 * A network device as observed. Field names and renderings are those of `ip -json -details link`, so that
 * whoever knows one knows the other; fields that the kernel does not report are absent.
 */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  /**
   * Names of IFF_* bits in ip's order: NO-CARRIER (synthetic), LOOPBACK, BROADCAST, ..., UP, LOWER_UP,
   * M-DOWN.
   */
  readonly flags: readonly string[];
  readonly mtu: number;
  /** Name of the root qdisc. */
  readonly qdisc: string;
  /** UNKNOWN, NOTPRESENT, DOWN, LOWERLAYERDOWN, TESTING, DORMANT or UP (RFC 2863). */
  readonly operstate: string;
  readonly linkmode: string;
  readonly group: string;
  readonly txqlen?: number;
  /** loopback, ether, none, ipip, ... (ARPHRD_*). */
  readonly link_type: string;
  readonly address?: string;
  readonly broadcast?: string;
  /** Address that the hardware came with, when it differs. */
  readonly permaddr?: string;
  readonly proto_down?: true;
  /** Name (or `link_index` when it is in another namespace) of the device this one stands on. */
  readonly link?: string;
  readonly link_index?: number;
  readonly link_netnsid?: number;
  /** Name of the bridge, bond, VRF or team that holds it. */
  readonly master?: string;
  readonly ifalias?: string;
  readonly altnames?: readonly string[];
  readonly promiscuity?: number;
  readonly allmulti?: number;
  readonly min_mtu?: number;
  readonly max_mtu?: number;
  readonly linkinfo?: LinkInfo;
  readonly num_tx_queues?: number;
  readonly num_rx_queues?: number;
  readonly gso_max_size?: number;
  readonly gso_max_segs?: number;
  readonly tso_max_size?: number;
  readonly tso_max_segs?: number;
  readonly gro_max_size?: number;
  readonly gso_ipv4_max_size?: number;
  readonly gro_ipv4_max_size?: number;
  readonly parentbus?: string;
  readonly parentdev?: string;
  readonly phys_port_id?: string;
  readonly phys_port_name?: string;
  readonly phys_switch_id?: string;
  readonly inet6_addr_gen_mode?: string;
  readonly xdp?: LinkXdp;
  /** What only metrics need, in the kernel's raw form. */
  readonly raw: LinkRaw;
}

/** Kind and its data, as `ip -d` names them. */
export interface LinkInfo {
  readonly info_kind: string;
  readonly info_data?: Readonly<Record<string, unknown>>;
  readonly info_slave_kind?: string;
  readonly info_slave_data?: Readonly<Record<string, unknown>>;
}

export interface LinkXdp {
  readonly mode: number;
  readonly prog?: { readonly id: number };
  readonly attached?: readonly { readonly mode: number; readonly prog: { readonly id: number } }[];
}

/** Numbers behind the names above, for metrics and for comparisons. */
export interface LinkRaw {
  readonly flags: number;
  /** ARPHRD_*. */
  readonly type: number;
  readonly operstate: number;
  readonly linkmode: number;
  readonly group: number;
  readonly carrier?: number;
  readonly carrierChanges?: number;
  readonly carrierUpCount?: number;
  readonly carrierDownCount?: number;
  /** ifindex of the lower device; equal to ifindex when there is none. */
  readonly link: number;
  readonly master?: number;
  readonly protoDown?: boolean;
}
