// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import { decodeTcAttrs, decodeTcmsg, TCMSG_SIZE, type TcaStatsAttrs } from '../../codec/generated/tc.ts';
import { type Fields, present } from '../../kinds/fields.ts';
import { ROOT, renderHandle } from '../../kinds/qdisc/handle.ts';
import { renderClassOptions, renderQdiscOptions, renderXstats } from '../../kinds/qdisc/index.ts';
import type { Qdisc, TrafficClass } from '../../model/qdisc.ts';
import type { DeviceNames } from './device-names.ts';

/**
 * A qdisc from a RTM_NEWQDISC message (net/sched/sch_api.c tc_fill_qdisc()).
 *
 * @throws {WeirError} `DECODE`.
 */
export function projectQdisc(wire: Wire, start: number, end: number, names: DeviceNames): Qdisc {
  const header = decodeTcmsg(wire, start, Math.min(end, start + TCMSG_SIZE));
  const a = decodeTcAttrs(wire, start + TCMSG_SIZE, end);
  const kind = a.kind ?? '';
  return present({
    kind,
    handle: `${(header.tcmHandle >>> 16).toString(16)}:`,
    offloaded: a.hwOffload === 1 ? true : undefined,
    dev: names(header.tcmIfindex),
    ifindex: header.tcmIfindex,
    ...place(header.tcmParent),
    refcnt: header.tcmInfo === 1 ? undefined : header.tcmInfo,
    ingress_block: a.ingressBlock,
    egress_block: a.egressBlock,
    options: renderQdiscOptions(kind, a.options),
    ...stats(a.stats2),
    ...renderXstats(a.stats2?.app),
  }) as unknown as Qdisc;
}

/**
 * A class from a RTM_NEWTCLASS message (net/sched/sch_api.c tc_fill_tclass()).
 *
 * @throws {WeirError} `DECODE`.
 */
export function projectClass(wire: Wire, start: number, end: number, names: DeviceNames): TrafficClass {
  const header = decodeTcmsg(wire, start, Math.min(end, start + TCMSG_SIZE));
  const a = decodeTcAttrs(wire, start + TCMSG_SIZE, end);
  const kind = a.kind ?? '';
  return present({
    class: kind,
    handle: renderHandle(header.tcmHandle),
    dev: names(header.tcmIfindex),
    ifindex: header.tcmIfindex,
    ...place(header.tcmParent),
    leaf: header.tcmInfo === 0 ? undefined : `${(header.tcmInfo >>> 16).toString(16)}:`,
    options: renderClassOptions(kind, a.options),
    ...stats(a.stats2),
    ...renderXstats(a.stats2?.app),
  }) as unknown as TrafficClass;
}

function place(parent: number): Fields {
  if (parent === ROOT) return { root: true };
  return parent === 0 ? {} : { parent: renderHandle(parent) };
}

/** TCA_STATS2: 64-bit counters as numbers, exact up to 2^53. */
function stats(a: TcaStatsAttrs | undefined): Fields {
  if (a === undefined) return {};
  return {
    bytes: Number(a.basic?.bytes ?? 0n),
    packets: Number(a.pkt64 ?? a.basic?.packets ?? 0),
    drops: a.queue?.drops,
    overlimits: a.queue?.overlimits,
    requeues: a.queue?.requeues,
    ...rates(a),
    backlog: a.queue?.backlog,
    qlen: a.queue?.qlen,
  };
}

function rates({ rateEst, rateEst64 }: TcaStatsAttrs): Fields {
  if (rateEst64 !== undefined) return { rate: Number(rateEst64.bps), pps: Number(rateEst64.pps) };
  return rateEst === undefined ? {} : { rate: rateEst.bps, pps: rateEst.pps };
}
