// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { altHex, given, isSet, present, unlessZero, whenSet } from '../fields.ts';
import { hexadecimal, number, onOff, type Setting, word } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { type DeclaredQdisc, Quantity, size, time } from './setting.ts';
import { parseRate, parseTime, renderRate } from './units.ts';

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

const Bandwidth = Type.Union([Type.Literal('unlimited'), Quantity('50mbit, or bytes per second')], {
  description: 'How much passes: 50mbit, bytes per second, or unlimited',
});

const off = (setting: Setting): Setting => ({ ...setting, silent: false });

/** How it is declared (cake_change()). */
export const declaredCake: DeclaredQdisc = {
  kind: 'cake',
  config: 'CONFIG_NET_SCH_CAKE',
  settings: {
    bandwidth: {
      schema: Bandwidth,
      canonical: (value: string | number) =>
        value === 'unlimited' || value === 0 ? 'unlimited' : renderRate(parseRate(value)),
      attributes: (value: string) => ({ baseRate64: value === 'unlimited' ? 0n : BigInt(parseRate(value)) }),
    },
    autorate: off(onOff('autorate', 'Find the bandwidth by what arrives')),
    diffserv: word('diffservMode', 'Which marks of packets make which priority', DIFFSERV),
    flowmode: word('flowMode', 'What is shared fairly', FLOW_MODES),
    nat: onOff('nat', 'Look behind the address translation of the node'),
    wash: onOff('wash', 'Clear the marks of packets'),
    ingress: onOff('ingress', 'Count what is dropped: it came through the bottleneck'),
    'ack-filter': word('ackFilter', 'Drop acknowledgements that a later one repeats', ACK_FILTER),
    split_gso: onOff('splitGso', 'Take super packets apart'),
    rtt: {
      ...time('rtt', 'Round trip time that is expected'),
      // The delay that is acceptable goes with it, as tc has it.
      attributes: (text: string) => {
        const rtt = parseTime(text);
        return { rtt, target: Math.max(1, Math.trunc(rtt / 20)) };
      },
    },
    raw: {
      schema: Type.Literal(true, {
        description: "Take the sizes of packets as the kernel's, without overhead",
      }),
      attributes: () => ({ raw: 0 }),
    },
    atm: word('atm', 'Cells of the link', ATM),
    overhead: number('overhead', 'Bytes that each packet has more on the wire', -64, 256),
    mpu: { ...number('mpu', 'Bytes that a packet has at least', 0, 256), silent: 0 },
    memlimit: size('memory', 'Memory that may be used'),
    fwmark: hexadecimal('fwmark', 'Bits of the mark that choose the priority', 0xffff_ffff),
  },
};
