// SPDX-License-Identifier: Apache-2.0
import { arp } from './arp.ts';
import { bonding } from './bonding.ts';
import { churn } from './churn.ts';
import type { Collector } from './collector.ts';
import { conntrack } from './conntrack.ts';
import { drops } from './drops.ts';
import { ethtool } from './ethtool.ts';
import { flows } from './flows.ts';
import { interrupts } from './interrupts.ts';
import { lnstat } from './lnstat.ts';
import { netclass } from './netclass.ts';
import { netdev } from './netdev.ts';
import { netstat } from './netstat.ts';
import { networkRoute } from './network-route.ts';
import { pressure } from './pressure.ts';
import { qdisc } from './qdisc.ts';
import { queueing } from './queueing.ts';
import { queues } from './queues.ts';
import { runDelay } from './run-delay.ts';
import { schedstat } from './schedstat.ts';
import { sockmem } from './sockmem.ts';
import { sockstat } from './sockstat.ts';
import { softirqs } from './softirqs.ts';
import { softnet } from './softnet.ts';
import { stat } from './stat.ts';
import { tcp } from './tcp.ts';
import { tcpstat } from './tcpstat.ts';
import { udpQueues } from './udp-queues.ts';
import { xfrm } from './xfrm.ts';

/** Every collector, in the order of its output. */
export const COLLECTORS: readonly Collector[] = [
  netdev,
  netclass,
  qdisc,
  ethtool,
  queues,
  networkRoute,
  arp,
  bonding,
  netstat,
  sockstat,
  sockmem,
  tcpstat,
  udpQueues,
  conntrack,
  softnet,
  softirqs,
  interrupts,
  schedstat,
  pressure,
  stat,
  lnstat,
  xfrm,
  drops,
  flows,
  tcp,
  queueing,
  churn,
  runDelay,
];
