// SPDX-License-Identifier: Apache-2.0
import type { FeatureInfo } from '../../api/schemas/node.ts';
import { messageOf } from '../../base/errors.ts';
import { type NamespaceIo, NETLINK } from '../../kernel/ports.ts';
import { genericFamily } from '../../observe/metrics-generic-family.ts';
import { dumpLinkStats } from '../../observe/metrics-link-stats.ts';

interface Probe {
  readonly name: string;
  /** What brings the feature: a kernel version or a configuration option. */
  readonly brings: string;
  /** Rejects where the kernel lacks it. */
  try(io: NamespaceIo): Promise<unknown>;
}

const file = (name: string, path: string, brings: string): Probe => ({
  name,
  brings,
  try: (io) => io.proc.read(path),
});

const family = (name: string, brings: string): Probe => ({
  name: `netlink family ${name}`,
  brings,
  try: async (io) => genericFamily(await io.netlink(NETLINK.GENERIC), name),
});

/** Features by trying them, never by the kernel's version. */
const PROBES: readonly Probe[] = [
  {
    name: 'statistics dump (RTM_GETSTATS)',
    brings: 'Linux 4.7',
    try: async (io) => dumpLinkStats(await io.netlink(NETLINK.ROUTE), 0, new AbortController().signal),
  },
  family('ethtool', 'Linux 5.6 with CONFIG_ETHTOOL_NETLINK'),
  family('netdev', 'Linux 6.3'),
  file('connection tracking', 'sys/net/netfilter/nf_conntrack_count', 'CONFIG_NF_CONNTRACK'),
  file('pressure stall information', 'pressure/cpu', 'CONFIG_PSI'),
  file('scheduler statistics', 'schedstat', 'CONFIG_SCHEDSTATS'),
];

/** What the kernel offers in the namespace `io`, and what would bring the rest. */
export function probeFeatures(io: NamespaceIo): Promise<FeatureInfo[]> {
  return Promise.all(PROBES.map((probe) => probeOne(probe, io)));
}

async function probeOne({ name, brings, try: attempt }: Probe, io: NamespaceIo): Promise<FeatureInfo> {
  try {
    await attempt(io);
    return { name, supported: true };
  } catch (error) {
    return { name, supported: false, reason: `needs ${brings} (${messageOf(error)})` };
  }
}
