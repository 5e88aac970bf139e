// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts';

/** Servers and proxies with tens of thousands of connections. */
export const MANY_CONNECTIONS: Profile = {
  name: 'many-connections',
  description: 'Serve or proxy many short connections: longer accept queues, more ports, faster reuse',
  sysctls: {
    'net.core.somaxconn': {
      value: 16_384,
      reason: 'connections wait for a busy server instead of being dropped; programs may ask for less',
      source: 'Documentation/networking/ip-sysctl.rst somaxconn',
    },
    'net.ipv4.tcp_max_syn_backlog': {
      value: 16_384,
      reason: 'as many connections may be half open as wait to be accepted',
      source: 'Documentation/networking/ip-sysctl.rst tcp_max_syn_backlog',
    },
    'net.ipv4.tcp_syncookies': {
      value: 1,
      reason: 'a flood of SYNs does not keep others out',
      source: 'Documentation/networking/ip-sysctl.rst tcp_syncookies',
    },
    'net.ipv4.ip_local_port_range': {
      value: '10240 65000',
      reason: 'twice as many connections to one server',
      source: 'Documentation/networking/ip-sysctl.rst ip_local_port_range',
    },
    'net.ipv4.tcp_tw_reuse': {
      value: 1,
      reason: 'outgoing connections take ports over that wait in TIME-WAIT; timestamps keep that safe',
      source: 'RFC 6191; net/ipv4/tcp_ipv4.c tcp_twsk_unique()',
    },
    'net.ipv4.tcp_fin_timeout': {
      value: 30,
      reason: 'connections whose other side does not close hold memory half as long',
      source: 'Documentation/networking/ip-sysctl.rst tcp_fin_timeout',
    },
    'net.ipv4.tcp_max_tw_buckets': {
      value: { perMiB: 128, least: 65_536, most: 2_097_152 },
      reason: 'TIME-WAIT is not cut short, which could give a late packet to a new connection',
      source: 'net/ipv4/inet_timewait_sock.c inet_twsk_alloc()',
    },
    'net.ipv4.tcp_keepalive_time': {
      value: 600,
      reason: 'connections that ask for it notice within minutes that the other side is gone',
      source: 'Documentation/networking/ip-sysctl.rst tcp_keepalive_time',
    },
    'net.netfilter.nf_conntrack_max': {
      value: { perMiB: 64, least: 65_536, most: 4_194_304 },
      reason: 'each connection is tracked; 64 for each MiB take about 2 % of the memory',
      source: 'Documentation/networking/nf_conntrack-sysctl.rst',
    },
    'net.core.rps_sock_flow_entries': {
      value: 32_768,
      reason: 'packets go to the CPU on which their program runs',
      source: 'Documentation/networking/scaling.rst RFS',
    },
  },
  devices: {
    'queues.rps_flow_cnt': {
      value: 4096,
      reason: 'each receive queue remembers where its flows are read',
      source: 'Documentation/networking/scaling.rst RFS',
    },
  },
};
