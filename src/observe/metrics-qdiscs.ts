// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import {
  decodeTcAttrs,
  decodeTcmsg,
  encodeTcmsg,
  RTM_GETQDISC,
  TC_ATTRS,
  TCMSG_SIZE,
  type TcaStatsAttrs,
} from '../codec/generated/tc.ts';
import { pickOf } from '../codec/table.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';
import type { QdiscStats } from '../metrics/collector.ts';

const TC_H_ROOT = 0xffff_ffff;

const STATISTICS = pickOf(TC_ATTRS, ['kind', 'stats2']);

/**
 * Read the statistics of every qdisc.
 *
 * @param nameOf Name of a device, undefined for one that is not shown.
 * @see net/sched/sch_api.c tc_dump_qdisc()
 */
export async function dumpQdiscs(
  transport: NetlinkTransport,
  nameOf: (ifindex: number) => string | undefined,
  signal: AbortSignal,
): Promise<readonly QdiscStats[]> {
  const request = new Encoder(TCMSG_SIZE);
  encodeTcmsg(request, {});
  const found: QdiscStats[] = [];
  await transport.dump(
    { type: RTM_GETQDISC, payload: request.payload(), operation: 'RTM_GETQDISC dump' },
    (wire, start, end) => {
      const qdisc = qdiscOf(wire, start, end, nameOf);
      if (qdisc !== undefined) found.push(qdisc);
    },
    { restart: () => found.splice(0), signal },
  );
  return found;
}

function qdiscOf(
  wire: Wire,
  start: number,
  end: number,
  nameOf: (ifindex: number) => string | undefined,
): QdiscStats | undefined {
  const header = decodeTcmsg(wire, start, end);
  const device = nameOf(header.tcmIfindex);
  if (device === undefined) return undefined;
  const { kind = '', stats2 = {} } = decodeTcAttrs(wire, start + TCMSG_SIZE, end, STATISTICS);
  return {
    ifindex: header.tcmIfindex,
    device,
    kind,
    handle: handleText(header.tcmHandle),
    parent: header.tcmParent === TC_H_ROOT ? 'root' : handleText(header.tcmParent),
    root: header.tcmParent === TC_H_ROOT,
    ...countersOf(stats2),
  };
}

function countersOf({ basic, queue, pkt64 }: TcaStatsAttrs) {
  return {
    bytes: Number(basic?.bytes ?? 0n),
    packets: Number(pkt64 ?? basic?.packets ?? 0),
    drops: queue?.drops ?? 0,
    requeues: queue?.requeues ?? 0,
    overlimits: queue?.overlimits ?? 0,
    qlen: queue?.qlen ?? 0,
    backlog: queue?.backlog ?? 0,
  };
}

/** `1:`, `1:10`, `:1` and `0:` as tc prints them. */
function handleText(handle: number): string {
  const major = handle >>> 16;
  const minor = handle & 0xffff;
  if (major === 0 && minor !== 0) return `:${minor.toString(16)}`;
  return `${major.toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
