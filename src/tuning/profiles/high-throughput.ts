// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts';

const BUFFERS = 'Documentation/networking/ip-sysctl.rst tcp_rmem, tcp_wmem';

/** Few connections that move much, also over long ways. */
export const HIGH_THROUGHPUT: Profile = {
  name: 'high-throughput',
  description: 'Move much over few connections, also far away: large windows, paced sending, larger batches',
  sysctls: {
    'net.core.rmem_max': {
      value: 67_108_864,
      reason: 'programs may ask for as much as 10 Gbit/s over 50 ms need',
      source: 'Documentation/admin-guide/sysctl/net.rst rmem_max',
    },
    'net.core.wmem_max': {
      value: 67_108_864,
      reason: 'as for receiving',
      source: 'Documentation/admin-guide/sysctl/net.rst wmem_max',
    },
    'net.ipv4.tcp_rmem': {
      value: '4096 131072 67108864',
      reason: 'the window may grow to the product of rate and round trip: 64 MiB are 10 Gbit/s over 50 ms',
      source: BUFFERS,
    },
    'net.ipv4.tcp_wmem': {
      value: '4096 65536 67108864',
      reason: 'as much may be under way as the other side takes',
      source: BUFFERS,
    },
    'net.ipv4.tcp_mtu_probing': {
      value: 1,
      reason: 'connections find their size where routers on the way do not tell that a packet was too large',
      source: 'RFC 4821; Documentation/networking/ip-sysctl.rst tcp_mtu_probing',
    },
    'net.ipv4.tcp_slow_start_after_idle': {
      value: 0,
      reason: 'a pause between two transfers does not end at a tenth of the rate',
      source: 'RFC 2861; net/ipv4/tcp_output.c tcp_cwnd_validate()',
    },
    'net.ipv4.tcp_congestion_control': {
      value: 'bbr',
      reason: 'the rate follows what the path carries, not each lost packet',
      source: 'net/ipv4/tcp_bbr.c',
      needs: { congestionControl: 'bbr' },
    },
    'net.core.default_qdisc': {
      value: 'fq',
      reason: 'new devices send each flow at its own pace, as bbr asks for',
      source: 'net/sched/sch_fq.c',
      needs: { feature: 'qdisc fq' },
    },
    'net.core.netdev_max_backlog': {
      value: 10_000,
      reason: 'bursts wait when packets are spread over CPUs, instead of being dropped',
      source: 'net/core/dev.c enqueue_to_backlog()',
    },
    'net.core.netdev_budget': {
      value: 600,
      reason: 'more packets in one round of receiving, fewer times out of budget',
      source: 'net/core/dev.c net_rx_action()',
    },
  },
  devices: {
    'coalesce.adaptive_rx': {
      value: true,
      reason: 'the device interrupts less often the more it receives',
      source: 'Documentation/networking/net_dim.rst',
    },
    gro_flush_timeout: {
      value: 20_000,
      reason: 'frames of a flow are joined for 20 us before they go up, fewer and larger packets',
      source: 'net/core/dev.c napi_complete_done()',
    },
    napi_defer_hard_irqs: {
      value: 2,
      reason: 'polling goes on for two empty rounds before interrupts are on again',
      source: 'Documentation/networking/napi.rst',
    },
  },
};
