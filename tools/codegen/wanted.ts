// SPDX-License-Identifier: Apache-2.0
// What the generator is asked for.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Families that have a module, in order. */
export const FAMILIES: readonly string[] = words(`
  netlink rt-link rt-addr rt-route rt-rule rt-neigh nexthop tc nlctrl ethtool netdev ctnetlink inet-diag wireguard
`);

const ACTIONS = words(`
  bpf connmark csum ct ctinfo defact gact gate ife mirred mpls nat pedit sample skbedit skbmod
  tunnel_key vlan
`);

/** UAPI headers that are read. */
export const HEADERS: readonly string[] = [
  ...words(`
    sys/socket.h asm/errno.h linux/netlink.h linux/genetlink.h linux/rtnetlink.h linux/if.h
    linux/if_arp.h linux/if_ether.h linux/if_link.h linux/if_addr.h linux/if_bridge.h linux/if_tunnel.h
    linux/if_tun.h linux/veth.h linux/neighbour.h linux/fib_rules.h linux/nexthop.h linux/lwtunnel.h
    linux/mpls.h linux/mpls_iptunnel.h linux/seg6.h linux/seg6_iptunnel.h linux/seg6_local.h
    linux/ioam6_iptunnel.h linux/rpl_iptunnel.h linux/pkt_sched.h linux/pkt_cls.h linux/gen_stats.h
    linux/net_namespace.h linux/netconf.h linux/sock_diag.h linux/inet_diag.h linux/tcp.h
    linux/ethtool.h linux/ethtool_netlink.h linux/net_tstamp.h linux/tc_ematch/tc_em_meta.h
    linux/wireguard.h linux/netfilter/nfnetlink.h linux/netfilter/nfnetlink_conntrack.h
`),
  ...ACTIONS.map((name) => `linux/tc_act/tc_${name}.h`),
];

/** Prefixes of the constants that are read from them. */
export const PREFIXES: readonly string[] = words(`
  RTM RTNLGRP RTN RTA RTAX RTPROT RT_SCOPE RT_TABLE RTNH RTEXT IFF IFLA IFA IF_OPER IF_LINK ARPHRD NDA
  NUD NTF NDTA NDTPA FRA FR_ACT NFEA NFNLGRP SKNLGRP FIB_RULE NHA NEXTHOP TCA TC TCF TCAA NETEM NLM_F
  NLMSG NLMSGERR NLA NL_ATTR NL_POLICY CTRL GENL ETHTOOL ETH_SS CTA IPCTNL NFNL NFNETLINK INET_DIAG
  INET_ULP TCP SK_MEMINFO SOCK LWTUNNEL LWT MPLS SEG6 IOAM6 RPL BRIDGE BR MACVLAN IPVLAN VXLAN VETH XDP
  AF IN6 NETCONFA WG WGDEVICE WGPEER WGALLOWEDIP
`);
