// SPDX-License-Identifier: Apache-2.0
import type { TelemetryProgram } from './telemetry-program.ts';

/** How much the network changes: neighbours that fail, and what the kernel announces by netlink. */
export const churn: TelemetryProgram = {
  name: 'churn',
  description: 'failed neighbours, and changes of links, addresses, neighbours, routes, rules and nexthops',
  runs: 'always',
  hooks: [{ program: 'churn_neighbour', tracepoint: 'neigh_timer_handler' }],
  sockets: ['churn_message'],
  maps: ['churn_neighbours', 'churn_messages', 'churn_sockets'],
  variables: () => ({}),
};

/** Multicast groups whose messages are counted (include/uapi/linux/rtnetlink.h RTNLGRP_*). */
export const CHURN_GROUPS: readonly number[] = [
  1, // LINK
  3, // NEIGH
  5, // IPV4_IFADDR
  7, // IPV4_ROUTE
  8, // IPV4_RULE
  9, // IPV6_IFADDR
  11, // IPV6_ROUTE
  19, // IPV6_RULE
  32, // NEXTHOP
];
