// SPDX-License-Identifier: Apache-2.0
// One namespace with an object of every sort that this kernel has.
import type { TestNetns } from '../helpers/netns.ts';

/** Run lines of iproute2 commands, one command a line; a backslash continues it on the next. */
export function commands(run: (...args: readonly string[]) => string, lines: string): void {
  for (const line of lines
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((text) => text.trim()))
    if (line !== '') run(...line.split(/ +/));
}

/** Devices of every kind that `weir show links` knows on this kernel. */
export function makeLinks(ns: TestNetns): void {
  commands(
    ns.ip,
    `link add v0 type veth peer name v1
     link add v2 numtxqueues 4 numrxqueues 4 type veth peer name v3 numtxqueues 4 numrxqueues 4
     link add br0 type bridge stp_state 1 forward_delay 400 mcast_querier 1 group_fwd_mask 8
     link add br1 type bridge mcast_snooping 0 no_linklocal_learn 1 ageing_time 1000 priority 4096
     link set v1 master br0
     link set v3 master br0
     link set v3 type bridge_slave cost 77 priority 12 guard on isolated on mcast_flood off neigh_suppress on
     link set v3 type bridge_slave hairpin on root_block on locked on learning off mcast_router 2 fastleave on
     link set v3 type bridge_slave backup_port v1 vlan_tunnel on mcast_to_unicast on group_fwd_mask 8
     link add vx0 type vxlan id 42 local 192.0.2.1 remote 192.0.2.2 dstport 4789 dev v0 ttl 12 tos \\
       inherit srcport 1000 2000 ageing 99 maxaddress 100 proxy udpcsum
     link add vx6 type vxlan id 43 local 2001:db8::1 group ff05::100 dstport 8472 dev v0 noudpcsum \\
       udp6zerocsumtx nolearning l2miss l3miss
     link add vxe type vxlan external dstport 4790
     link add vxg type vxlan id 44 group 239.1.1.1 dev v0 dstport 4791 tos 0x10 df set gbp rsc ageing 0
     link add mv0 link v0 type macvlan mode bridge
     link add mv1 link v0 type macvlan mode source macaddr set 02:00:00:00:00:01 02:00:00:00:00:02
     link add mvp link br1 type macvlan mode passthru nopromisc
     link add mvt0 link v2 type macvtap mode vepa
     link add ifb0 type ifb
     tuntap add tun0 mode tun user 1 group 2
     tuntap add tap0 mode tap multi_queue
     tuntap add tap1 mode tap vnet_hdr
     link set v0 group 5 txqueuelen 333
     link set br1 address 02:00:00:00:00:b1 mtu 9000 allmulticast on promisc on
     link property add dev v0 altname a-longer-alternative-name
     link property add dev v0 altname other
     link set v2 addrgenmode none
     link set br1 addrgenmode random
     link set v0 up
     link set v1 up
     link set v2 up
     link set v3 up
     link set br0 up
     link set vx0 up
     link set mv0 up
     link set ifb0 up
     link set tun0 up`,
  );
  ns.ip('link', 'set', 'v0', 'alias', 'uplink "north"');
}

/** Addresses of every scope, flag and lifetime. */
export function makeAddresses(ns: TestNetns): void {
  commands(
    ns.ip,
    `addr add 192.0.2.1/24 dev v0
     addr add 192.0.2.11/24 brd + dev v0 label v0:x
     addr add 192.0.3.11/32 dev v0 scope link
     addr add 192.0.4.11/32 dev v0 scope host
     addr add 192.0.5.11/32 dev v0 scope 100
     addr add 198.51.100.1 peer 198.51.100.2/32 dev v0 valid_lft 5000 preferred_lft 3000
     addr add 10.9.0.1/16 dev v0 metric 77 noprefixroute
     addr add 10.8.0.1/24 dev br0 valid_lft 600 preferred_lft 0
     addr add 2001:db8::1/64 dev v0 nodad
     addr add 2001:db8::2/64 dev v0 valid_lft 1000 preferred_lft 500 noprefixroute mngtmpaddr
     addr add 2001:db8::3/128 dev v0 home nodad
     addr add 2001:db8:1::1 peer 2001:db8:1::2/64 dev v0
     addr add 2001:db8:2::1/64 dev v0 metric 99 nodad optimistic
     addr add fd00::1/64 dev br0 scope site`.replace(' optimistic', ''),
  );
}

/** Nexthop objects and groups. */
export function makeNexthops(ns: TestNetns): void {
  commands(
    ns.ip,
    `nexthop add id 1 via 192.0.2.253 dev v0
     nexthop add id 2 via 2001:db8::95 dev v0 protocol static
     nexthop add id 3 blackhole
     nexthop add id 4 via 192.0.2.252 dev v0 protocol bird
     nexthop add id 5 via 2001:db8::91 fdb
     nexthop add id 6 via 2001:db8::92 fdb
     nexthop add id 10 group 1,2/4
     nexthop add id 11 group 1/4,5
     nexthop add id 12 group 1/4 type resilient buckets 8 idle_timer 60 unbalanced_timer 300
     nexthop add id 13 via 192.0.2.251 dev v0 onlink
     nexthop add id 14 encap ip id 3 dst 203.0.113.3 via 192.0.2.254 dev v0
     nexthop add id 15 group 5/6 fdb
     nexthop add id 16 dev v0`,
  );
}

/** Routes of every type, metric, hop and tunnel. */
export function makeRoutes(ns: TestNetns): void {
  commands(
    ns.ip,
    `route add 10.0.0.0/8 via 192.0.2.254 metric 10 mtu 1400 advmss 1300 rtt 100ms rttvar 20ms \\
       window 1000 cwnd 10 initcwnd 20 initrwnd 30 ssthresh 40 hoplimit 50 rto_min 20ms quickack 1 \\
       features ecn congctl cubic
     route add 10.1.0.0/16 nexthop via 192.0.2.251 dev v0 weight 3 realms 7 nexthop dev br0 weight 1
     route add blackhole 10.2.0.0/16
     route add unreachable 10.3.0.0/16
     route add prohibit 10.4.0.0/16 tos 0x10
     route add throw 10.5.0.0/16 table 99
     route add 10.6.0.0/16 via inet6 2001:db8::99 dev v0
     route add 10.7.0.0/16 dev v0 src 192.0.2.11 proto bird scope link table 1000 realm 5/6
     route add 10.8.0.0/16 encap ip id 30 dst 203.0.113.1 src 192.0.2.1 tos 4 ttl 5 csum via \\
       192.0.2.254 dev v0
     route add 10.12.0.0/16 encap ip id 31 dst 203.0.113.4 key seq via 192.0.2.254 dev v0
     route add 10.13.0.0/16 nexthop encap ip id 1 dst 203.0.113.5 via 192.0.2.254 dev v0 nexthop via \\
       inet6 2001:db8::98 dev v0
     route add 10.14.0.0/16 via 192.0.2.254 mtu lock 1300
     route add default via 192.0.2.254 onlink dev v0
     route add local 10.15.0.1 dev v0 table 7
     route add broadcast 10.15.255.255 dev v0 table 7
     route add 10.10.0.0/16 nhid 1
     route add 10.11.0.0/16 nhid 12
     route add 10.16.0.0/16 nhid 11
     route add 10.17.0.0/16 nhid 3
     route add 10.18.0.0/16 nhid 14
     route add 2001:db8:50::/48 encap seg6 mode encap segs 2001:db8::a,2001:db8::b via 2001:db8::99 dev v0
     route add 2001:db8:51::/48 encap seg6local action End dev v0
     route add 2001:db8:52::/48 encap seg6local action End.X nh6 2001:db8::9 dev v0
     route add 2001:db8:53::/48 encap ip6 id 30 dst 2001:db8::77 hoplimit 3 via 2001:db8::99 dev v0
     route add 2001:db8:54::/48 via 2001:db8::98 dev v0 metric 5 pref high expires 600 mtu lock 1300
     route add 2001:db8:55::/48 nexthop via 2001:db8::97 dev v0 weight 2 nexthop via 2001:db8::96 dev v0
     route add 2001:db8:57::/48 encap seg6 mode inline segs 2001:db8::c via 2001:db8::99 dev v0
     route add 2001:db8:58::/48 encap seg6local action End.T table main dev v0
     route add 2001:db8:59::/48 encap seg6local action End.DT6 table 254 dev v0
     route add 2001:db8:5a::/48 nhid 2
     route add blackhole 2001:db8:56::/48
     route add unreachable 2001:db8:5b::/48
     route add prohibit 2001:db8:5c::/48 table 1000
     route add default via 2001:db8::fe dev v0 pref low`,
  );
}

/** Rules with every selector and action. */
export function makeRules(ns: TestNetns): void {
  commands(
    ns.ip,
    `rule add from 10.0.0.0/8 to 192.0.2.0/24 fwmark 0x10/0xff iif v0 oif br0 table 1000 pref 100
     rule add ipproto tcp sport 1000-2000 dport 443 lookup 1001 pref 101
     rule add uidrange 0-1000 lookup main suppress_prefixlength 0 pref 102
     rule add tos 0x10 blackhole pref 103
     rule add l3mdev pref 104
     rule add not from 10.1.1.1 goto 200 pref 105
     rule add to 10.3.3.3 lookup 55 realms 3/4 suppress_ifgroup 5 proto static pref 106
     rule add fwmark 7 tun_id 99 lookup 12 pref 107
     rule add iif lo unreachable pref 108
     rule add iif nodev0 goto 9999 pref 109
     rule add nop pref 110
     rule add ipproto udp dport 53-54 sport 7 lookup 254 pref 111
     rule add ipproto ospf lookup 255 pref 112
     rule add oif nodev1 lookup 500 realms 9 pref 113
     rule add ipproto 222 lookup default pref 114
     rule add prohibit pref 200
     -6 rule add from 2001:db8::/32 iif nonexist0 table 2000 pref 300
     -6 rule add to 2001:db8::7 ipproto ipv6-icmp fwmark 1 lookup main protocol bird pref 301
     -6 rule add not to 2001:db8:9::/48 tos 0x28 unreachable pref 302`,
  );
}

/** Neighbours in every state that can be set, and proxies. */
export function makeNeighbours(ns: TestNetns): void {
  commands(
    ns.ip,
    `neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev v0 nud permanent
     neigh add 192.0.2.78 lladdr 02:00:00:00:00:78 dev v0 nud reachable
     neigh add 192.0.2.79 lladdr 02:00:00:00:00:79 dev v0 nud stale
     neigh add 192.0.2.80 lladdr 02:00:00:00:00:80 dev v0 nud noarp
     neigh add 2001:db8::70 lladdr 02:00:00:00:00:70 dev v0 router
     neigh add 2001:db8::71 lladdr 02:00:00:00:00:71 dev v0 nud stale extern_learn protocol zebra
     neigh add 2001:db8::73 dev v0 managed
     neigh add proxy 192.0.2.99 dev v0
     neigh add proxy 2001:db8::99 dev v0 protocol bird`,
  );
}

/** Qdiscs and classes of every kind that this kernel has. */
export function makeQdiscs(ns: TestNetns): void {
  commands(
    ns.tc,
    `qdisc add dev v0 root handle 1: htb default 20 r2q 100
     class add dev v0 parent 1: classid 1:1 htb rate 10mbit ceil 20mbit burst 32k cburst 15k
     class add dev v0 parent 1:1 classid 1:10 htb rate 1mbit prio 1 quantum 3000 mpu 64 overhead 10
     class add dev v0 parent 1:1 classid 1:20 htb rate 12gbit ceil 50gbit quantum 60000
     qdisc add dev v0 parent 1:10 handle 10: tbf rate 512kbit burst 10k latency 50ms
     qdisc add dev v0 parent 1:20 handle 20: bfifo limit 100000
     qdisc add dev v0 ingress
     qdisc add dev v1 clsact
     qdisc add dev v1 root handle 5: tbf rate 50gbit burst 1m limit 3m peakrate 60gbit mtu 9000
     qdisc add dev v2 root handle 7: mq
     qdisc add dev v2 parent 7:1 pfifo limit 77
     qdisc add dev v3 root pfifo_fast
     qdisc add dev br0 root handle abc: htb default 0x10 direct_qlen 44
     qdisc add dev ifb0 root handle 9: pfifo_head_drop limit 9
     qdisc add dev mv0 ingress_block 22 ingress
     qdisc add dev mvt0 ingress_block 23 egress_block 24 clsact
     qdisc add dev vx0 root handle 6: tbf rate 1mbit burst 4k limit 10k overhead 14
     qdisc add dev tap0 root handle 8: htb
     qdisc add dev tun0 root estimator 1s 4s pfifo`,
  );
}
