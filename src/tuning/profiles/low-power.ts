// SPDX-License-Identifier: Apache-2.0
import type { Profile } from './profile.ts';

/** Nodes on batteries or without a fan, where a millisecond does not matter. */
export const LOW_POWER: Profile = {
  name: 'low-power',
  description: 'Wake the CPU seldom: fewer interrupts, longer timers; costs latency',
  sysctls: {
    'net.core.busy_poll': {
      value: 0,
      reason: 'a program that waits sleeps',
      source: 'Documentation/admin-guide/sysctl/net.rst busy_poll',
    },
    'net.core.busy_read': {
      value: 0,
      reason: 'a program that reads sleeps',
      source: 'Documentation/admin-guide/sysctl/net.rst busy_read',
    },
    'net.ipv4.neigh.default.base_reachable_time_ms': {
      value: 120_000,
      reason: 'neighbours are asked every few minutes instead of twice in one',
      source: 'Documentation/networking/ip-sysctl.rst base_reachable_time_ms',
    },
  },
  devices: {
    'coalesce.adaptive_rx': {
      value: true,
      reason: 'the device interrupts less often the more it receives',
      source: 'Documentation/networking/net_dim.rst',
    },
    'coalesce.rx_usecs': {
      value: 200,
      reason: 'one interrupt for all that comes within 200 us',
      source: 'Documentation/networking/ethtool-netlink.rst COALESCE_SET',
    },
    gro_flush_timeout: {
      value: 200_000,
      reason: 'frames are joined for 200 us',
      source: 'net/core/dev.c napi_complete_done()',
    },
    napi_defer_hard_irqs: {
      value: 1,
      reason: 'gro_flush_timeout counts only while interrupts are put off',
      source: 'Documentation/networking/napi.rst',
    },
  },
};
