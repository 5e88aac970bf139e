// SPDX-License-Identifier: Apache-2.0
import type { LinkStatsItem, LinkStatsReport } from '../../api/schemas/stats.ts';
import type { Clock } from '../../base/clock.ts';
import { NETLINK } from '../../kernel/ports.ts';
import { LINK_STATS64_FIELDS, type LinkStats, type QdiscStats } from '../../metrics/collector.ts';
import type { Link } from '../../model/link.ts';
import { dumpLinkStats } from '../../observe/metrics-link-stats.ts';
import { dumpQdiscs } from '../../observe/metrics-qdiscs.ts';
import type { ObservedNamespace } from '../../observe/namespace-set.ts';

type Counter = (typeof LINK_STATS64_FIELDS)[number];

/** Counters of every device of the namespaces: two dumps for each, attributes from its snapshot. */
export async function linkStatsReport(
  namespaces: readonly ObservedNamespace[],
  clock: Clock,
): Promise<LinkStatsReport> {
  const timestamp = clock.now();
  const items = await Promise.all(namespaces.map(readNamespace));
  return { timestamp, items: items.flat() };
}

async function readNamespace({ name, io, snapshot }: ObservedNamespace): Promise<readonly LinkStatsItem[]> {
  const { signal } = new AbortController();
  const transport = await io.netlink(NETLINK.ROUTE);
  const stats = await dumpLinkStats(transport, snapshot.links().length, signal);
  const qdiscs = await dumpQdiscs(transport, (ifindex) => snapshot.linkName(ifindex), signal);
  const roots = new Map(qdiscs.filter(({ root }) => root).map((qdisc) => [qdisc.ifindex, qdisc]));
  return snapshot.links().flatMap(({ link }) => {
    const row = stats.row(link.ifindex);
    return row === undefined ? [] : [itemOf(name, link, stats, row, roots.get(link.ifindex))];
  });
}

function itemOf(
  netns: string,
  link: Link,
  stats: LinkStats,
  row: number,
  root: QdiscStats | undefined,
): LinkStatsItem {
  const count = (field: Counter) => counter(stats, row, field);
  const kind = link.linkinfo?.info_kind;
  return {
    netns,
    ifindex: link.ifindex,
    ifname: link.ifname,
    operstate: link.operstate,
    ...(kind === undefined ? {} : { kind }),
    qdisc: link.qdisc,
    rx: {
      bytes: count('rx_bytes'),
      packets: count('rx_packets'),
      errors: count('rx_errors'),
      dropped: count('rx_dropped') + count('rx_missed_errors'),
    },
    tx: {
      bytes: count('tx_bytes'),
      packets: count('tx_packets'),
      errors: count('tx_errors'),
      dropped: count('tx_dropped'),
    },
    ...(root === undefined ? {} : { queue: queueOf(root) }),
  };
}

function queueOf({ backlog, qlen, drops, requeues, overlimits }: QdiscStats) {
  return { backlog, qlen, drops, requeues, overlimits };
}

function counter({ lo, hi }: LinkStats, row: number, field: Counter): number {
  const at = row * LINK_STATS64_FIELDS.length + LINK_STATS64_FIELDS.indexOf(field);
  return (hi[at] as number) * 2 ** 32 + (lo[at] as number);
}
