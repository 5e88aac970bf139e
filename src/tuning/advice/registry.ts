// SPDX-License-Identifier: Apache-2.0
import type { Rule } from './rule.ts';
import { COALESCING } from './rules/coalescing.ts';
import { CONGESTION_CONTROL } from './rules/congestion-control.ts';
import { CONNTRACK_FULL } from './rules/conntrack-full.ts';
import { FLOW_STEERING } from './rules/flow-steering.ts';
import { IRQ_AFFINITY } from './rules/irq-affinity.ts';
import { LISTEN_OVERFLOWS } from './rules/listen-overflows.ts';
import { MTU_BLACK_HOLE } from './rules/mtu-black-hole.ts';
import { NEIGHBOURS_FULL } from './rules/neighbours-full.ts';
import { PORT_EXHAUSTION } from './rules/port-exhaustion.ts';
import { QDISC_DROPS } from './rules/qdisc-drops.ts';
import { RECEIVE_STEERING } from './rules/receive-steering.ts';
import { RETRANSMITS_SMALL_BUFFERS } from './rules/retransmits-small-buffers.ts';
import { RING_OVERFLOW } from './rules/ring-overflow.ts';
import { SOFTNET_DROPS } from './rules/softnet-drops.ts';
import { SOFTNET_SQUEEZED } from './rules/softnet-squeezed.ts';
import { TCP_BUFFERS } from './rules/tcp-buffers.ts';
import { TIME_WAIT_PRESSURE } from './rules/time-wait-pressure.ts';
import { TRANSMIT_STEERING } from './rules/transmit-steering.ts';
import { UDP_BUFFERS } from './rules/udp-buffers.ts';

/** Every rule. A new one is a file and a line here. */
export const RULES: readonly Rule[] = [
  SOFTNET_DROPS,
  SOFTNET_SQUEEZED,
  RING_OVERFLOW,
  QDISC_DROPS,
  LISTEN_OVERFLOWS,
  UDP_BUFFERS,
  TCP_BUFFERS,
  CONNTRACK_FULL,
  NEIGHBOURS_FULL,
  RETRANSMITS_SMALL_BUFFERS,
  RECEIVE_STEERING,
  FLOW_STEERING,
  TRANSMIT_STEERING,
  IRQ_AFFINITY,
  COALESCING,
  MTU_BLACK_HOLE,
  CONGESTION_CONTROL,
  PORT_EXHAUSTION,
  TIME_WAIT_PRESSURE,
];

/** Sysctls that rules look at. */
export const WATCHED_SYSCTLS: ReadonlySet<string> = new Set(RULES.flatMap(({ sysctls }) => sysctls));
