// SPDX-License-Identifier: Apache-2.0
import type { TcaStatsAppMsg, TcOptionsMsg } from '../../codec/generated/tc.ts';
import { type Fields, genericFields } from '../fields.ts';
import { cake } from './cake.ts';
import { codel } from './codel.ts';
import { bfifo, pfifo, pfifoHeadDrop } from './fifo.ts';
import { fq } from './fq.ts';
import { fqCodel } from './fq-codel.ts';
import { htb } from './htb.ts';
import type { QdiscKind } from './kind.ts';
import { mqprio } from './mqprio.ts';
import { netem } from './netem.ts';
import { PLAIN_QDISCS } from './plain.ts';
import { pfifoFast, prio } from './prio.ts';
import { red } from './red.ts';
import { sfq } from './sfq.ts';
import { tbf } from './tbf.ts';

/** Every kind of qdisc that Weir describes. A new one is one file and one line here. */
export const QDISC_KINDS: readonly QdiscKind[] = [
  ...PLAIN_QDISCS,
  htb,
  tbf,
  pfifo,
  bfifo,
  pfifoHeadDrop,
  pfifoFast,
  prio,
  fqCodel,
  fq,
  codel,
  cake,
  netem,
  sfq,
  red,
  mqprio,
];

/**
 * Kinds whose rendering is compared with `tc` on a real kernel by the tests; the others rest on the kernel's
 * source.
 */
export const VERIFIED_QDISC_KINDS: ReadonlySet<string> = new Set([
  'noqueue',
  'mq',
  'ingress',
  'clsact',
  'htb',
  'tbf',
  'pfifo',
  'bfifo',
  'pfifo_head_drop',
  'pfifo_fast',
]);

const byKind = new Map(QDISC_KINDS.map((kind) => [kind.kind, kind]));

/** Render TCA_OPTIONS of a qdisc by its kind; a kind without a file gets the codec's names. */
export function renderQdiscOptions(kind: string, options: TcOptionsMsg | undefined): Fields {
  if (options === undefined || options instanceof Uint8Array) return {};
  return byKind.get(kind)?.render(options) ?? genericFields(options);
}

/** Render TCA_OPTIONS of a class by the kind of its qdisc. */
export function renderClassOptions(kind: string, options: TcOptionsMsg | undefined): Fields {
  if (options === undefined || options instanceof Uint8Array) return {};
  return byKind.get(kind)?.renderClass?.(options) ?? genericFields(options);
}

/** Counters that only this kind has (TCA_STATS_APP), by the kernel's names. */
export function renderXstats(xstats: TcaStatsAppMsg | undefined): Fields {
  if (xstats === undefined || xstats instanceof Uint8Array) return {};
  return genericFields('header' in xstats ? xstats.header : xstats);
}
