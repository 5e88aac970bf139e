// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import { ERRNO } from '../base/errno.gen.ts';
import { WeirError } from '../base/errors.ts';
import { KernelError } from '../base/kernel-error.ts';
import type { Wire } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import {
  type CtStatsAttrs,
  decodeCtStatsAttrs,
  encodeNfgenmsg,
  IPCTNL_MSG_CT_GET_STATS_CPU,
  NFGENMSG_SIZE,
  NFNL_SUBSYS_CTNETLINK,
} from '../codec/generated/ctnetlink.ts';
import { type NamespaceIo, NETLINK } from '../kernel/ports.ts';
import type { ConntrackStats } from '../metrics/collector.ts';

/** The kernel's words for the statistics that it still keeps, by attribute. */
const NAMES: readonly (readonly [name: string, attribute: Exclude<keyof CtStatsAttrs, 'unknown'>])[] = [
  ['found', 'ctaStatsFound'],
  ['invalid', 'ctaStatsInvalid'],
  ['ignore', 'ctaStatsIgnore'],
  ['insert', 'ctaStatsInsert'],
  ['insert_failed', 'ctaStatsInsertFailed'],
  ['drop', 'ctaStatsDrop'],
  ['early_drop', 'ctaStatsEarlyDrop'],
  ['error', 'ctaStatsError'],
  ['search_restart', 'ctaStatsSearchRestart'],
  ['clash_resolve', 'ctaStatsClashResolve'],
  ['chain_toolong', 'ctaStatsChainToolong'],
];

/**
 * Read the occupancy and the statistics of connection tracking, summed over CPUs.
 *
 * @throws {WeirError} `NO_DATA` when the kernel does not track connections.
 * @see net/netfilter/nf_conntrack_netlink.c ctnetlink_ct_stat_cpu_dump()
 */
export async function readConntrack(io: NamespaceIo, signal: AbortSignal): Promise<ConntrackStats> {
  const entries = Number(textOf(await io.proc.read('sys/net/netfilter/nf_conntrack_count')));
  const limit = Number(textOf(await io.proc.read('sys/net/netfilter/nf_conntrack_max')));
  const request = new Encoder(NFGENMSG_SIZE);
  encodeNfgenmsg(request, {});
  const stats = new Map<string, number>();
  const transport = await io.netlink(NETLINK.NETFILTER);
  const dumped = transport.dump(
    {
      type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET_STATS_CPU,
      payload: request.payload(),
      operation: 'IPCTNL_MSG_CT_GET_STATS_CPU dump',
    },
    (wire, start, end) => addCpu(wire, start, end, stats),
    { restart: () => stats.clear(), signal },
  );
  await dumped.catch((error: unknown) => {
    throw namingTheRight(error);
  });
  return { entries, limit, stats };
}

/** The kernel says no more than EPERM (net/netfilter/nfnetlink.c nfnetlink_rcv()). */
function namingTheRight(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.errno !== ERRNO.EPERM) return error;
  const { operation, errnoName } = error;
  return new WeirError(
    'KERNEL_PERMISSION',
    { operation, errnoName, right: 'CAP_NET_ADMIN' },
    { cause: error },
  );
}

function addCpu(wire: Wire, start: number, end: number, stats: Map<string, number>): void {
  const attrs = decodeCtStatsAttrs(wire, start + NFGENMSG_SIZE, end);
  for (const [name, attribute] of NAMES) {
    const value = attrs[attribute];
    if (value !== undefined) stats.set(name, (stats.get(name) ?? 0) + value);
  }
}
