// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts';

const NEIGHBOURS = 'net/core/neighbour.c neigh_alloc(); Documentation/networking/ip-sysctl.rst';
const CONNTRACK = 'Documentation/networking/nf_conntrack-sysctl.rst';

/** A router between networks. It does not forward IPv6: that ends router advertisements, so it is the operator's word. */
export const GATEWAY: Profile = {
  name: 'gateway',
  description: 'Forward IPv4 for many hosts: larger neighbour and connection tables, longer receive queues',
  sysctls: {
    'net.ipv4.ip_forward': {
      value: 1,
      reason: 'a gateway forwards; without it every packet for somebody else is dropped',
      source: 'Documentation/networking/ip-sysctl.rst ip_forward',
    },
    'net.ipv4.conf.all.send_redirects': {
      value: 0,
      reason: 'hosts keep their gateway instead of learning routes around it, which policies would not see',
      source: 'RFC 1812 section 5.2.7.2; net/ipv4/route.c ip_rt_send_redirect()',
    },
    'net.ipv4.conf.all.accept_redirects': {
      value: 0,
      reason: 'a gateway has its routes from its own configuration, not from whoever sends ICMP',
      source: 'Documentation/networking/ip-sysctl.rst accept_redirects',
    },
    'net.ipv4.neigh.default.gc_thresh1': {
      value: 4096,
      reason: 'neighbours of a few subnets are kept instead of resolved anew',
      source: NEIGHBOURS,
    },
    'net.ipv4.neigh.default.gc_thresh2': {
      value: 8192,
      reason: 'collecting begins beyond what a few subnets need',
      source: NEIGHBOURS,
    },
    'net.ipv4.neigh.default.gc_thresh3': {
      value: 16_384,
      reason: 'beyond it packets to new neighbours are dropped; 1024 is one /22',
      source: NEIGHBOURS,
    },
    'net.ipv6.neigh.default.gc_thresh1': {
      value: 4096,
      reason: 'as for IPv4; IPv6 hosts have several addresses each',
      source: NEIGHBOURS,
    },
    'net.ipv6.neigh.default.gc_thresh2': { value: 8192, reason: 'as for IPv4', source: NEIGHBOURS },
    'net.ipv6.neigh.default.gc_thresh3': { value: 16_384, reason: 'as for IPv4', source: NEIGHBOURS },
    'net.netfilter.nf_conntrack_max': {
      value: { perMiB: 64, least: 65_536, most: 4_194_304 },
      reason: 'connections of all hosts are tracked here; 64 for each MiB take about 2 % of the memory',
      source: CONNTRACK,
    },
    'net.netfilter.nf_conntrack_tcp_timeout_established': {
      value: 86_400,
      reason: 'connections whose hosts vanished free their place after a day instead of five',
      source: CONNTRACK,
    },
    'net.core.netdev_max_backlog': {
      value: 5000,
      reason: 'bursts wait when packets are spread over CPUs, instead of being dropped',
      source: 'net/core/dev.c enqueue_to_backlog()',
    },
    'net.core.netdev_budget': {
      value: 600,
      reason: 'more packets in one round of receiving, fewer times out of budget',
      source: 'net/core/dev.c net_rx_action()',
    },
  },
  devices: {},
};
