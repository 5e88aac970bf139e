// SPDX-License-Identifier: Apache-2.0
import { altHex, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { qdiscKind } from './kind.ts';

const DIFFSERV = ['diffserv3', 'diffserv4', 'diffserv8', 'besteffort', 'precedence'];
const FLOW_MODES = [
  'flowblind',
  'srchost',
  'dsthost',
  'hosts',
  'flows',
  'dual-srchost',
  'dual-dsthost',
  'triple-isolate',
];
const ATM = ['noatm', 'atm', 'ptm'];
const ACK_FILTER = ['disabled', 'enabled', 'aggressive'];
const named = (names: readonly string[]) => (value: number) => names[value] ?? value;

/** Common applications kept enhanced (net/sched/sch_cake.c cake_dump()). */
export const cake = qdiscKind('cake', (d) =>
  present({
    bandwidth: given(d.baseRate64, (rate) => (rate === 0n ? 'unlimited' : Number(rate))),
    autorate: whenSet(d.autorate),
    diffserv: given(d.diffservMode, named(DIFFSERV)),
    flowmode: given(d.flowMode, named(FLOW_MODES)),
    nat: isSet(d.nat),
    wash: isSet(d.wash),
    ingress: isSet(d.ingress),
    'ack-filter': given(d.ackFilter, named(ACK_FILTER)),
    split_gso: isSet(d.splitGso),
    rtt: d.rtt,
    raw: d.raw === undefined ? undefined : true,
    atm: given(d.atm, named(ATM)),
    overhead: d.overhead,
    mpu: unlessZero(d.mpu),
    memlimit: unlessZero(d.memory),
    fwmark: given(unlessZero(d.fwmark), altHex),
  }),
);
