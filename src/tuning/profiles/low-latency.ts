// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts';

/** Answers as soon as possible, paid with CPU time. */
export const LOW_LATENCY: Profile = {
  name: 'low-latency',
  description:
    'Answer as soon as possible: poll instead of wait, interrupt at once, send without delay; costs CPU',
  sysctls: {
    'net.core.busy_poll': {
      value: 50,
      reason: 'poll(2) and select(2) look at the device for 50 us before they sleep',
      source: 'Documentation/admin-guide/sysctl/net.rst busy_poll',
    },
    'net.core.busy_read': {
      value: 50,
      reason: 'a read looks at the device for 50 us before it sleeps',
      source: 'Documentation/admin-guide/sysctl/net.rst busy_read',
    },
    'net.ipv4.tcp_slow_start_after_idle': {
      value: 0,
      reason: 'a connection that rested sends its first answer in one go',
      source: 'RFC 2861; net/ipv4/tcp_output.c tcp_cwnd_validate()',
    },
    'net.ipv4.tcp_notsent_lowat': {
      value: 131_072,
      reason: 'programs that wait to write are woken when little waits, so that what they write is fresh',
      source: 'Documentation/networking/ip-sysctl.rst tcp_notsent_lowat',
    },
    'net.ipv4.tcp_fastopen': {
      value: 3,
      reason: 'programs that ask for it save one round trip at the start, as client and as server',
      source: 'RFC 7413; Documentation/networking/ip-sysctl.rst tcp_fastopen',
    },
    'net.core.default_qdisc': {
      value: 'fq_codel',
      reason: 'new devices keep their queue short and share it between flows',
      source: 'RFC 8290; net/sched/sch_fq_codel.c',
      needs: { feature: 'qdisc fq_codel' },
    },
  },
  devices: {
    'coalesce.adaptive_rx': {
      value: false,
      reason: 'the device does not learn to wait',
      source: 'Documentation/networking/ethtool-netlink.rst COALESCE_SET',
    },
    'coalesce.rx_usecs': {
      value: 4,
      reason: 'an interrupt follows a frame within microseconds',
      source: 'Documentation/networking/ethtool-netlink.rst COALESCE_SET',
    },
    gro_flush_timeout: {
      value: 0,
      reason: 'received frames do not wait for others to be joined with',
      source: 'net/core/dev.c napi_complete_done()',
    },
    napi_defer_hard_irqs: {
      value: 0,
      reason: 'interrupts are on again as soon as the queue is empty',
      source: 'Documentation/networking/napi.rst',
    },
  },
};
