// SPDX-License-Identifier: Apache-2.0
import type { Finding, Proposal, Rule } from '../rule.ts';
import type { QdiscSample } from '../sample.ts';
import type { Window } from '../window.ts';

/** Share of the offered packets that may be dropped before it is told. */
const LEAST_SHARE = 0.001;
const LEAST_PACKETS = 10;
/** A longer queue than this only adds delay. */
const LONGEST = 10_000;
/** Qdiscs whose limit is the device's txqlen (net/sched/sch_generic.c pfifo_fast_change_tx_queue_len()). */
const BY_TXQLEN = ['pfifo_fast'];
/** Qdiscs that drop on purpose, to keep the queue short. */
const ACTIVE = ['fq_codel', 'codel', 'cake', 'pie', 'fq_pie', 'red', 'sfb', 'choke'];
/** Qdiscs that hold a rate. */
const SHAPERS = ['tbf', 'htb', 'hfsc', 'cake'];

/** Packets that a queue dropped, against what it was offered. */
export const QDISC_DROPS: Rule = {
  name: 'qdisc-drops',
  about: 'a queueing discipline drops a noticeable share of what it is offered',
  sysctls: [],
  judge: (window) =>
    window.after.qdiscs
      .filter(({ root, kind }) => root && kind !== 'noqueue')
      .flatMap((one) => judge(window, one)),
};

function judge(window: Window, qdisc: QdiscSample): readonly Finding[] {
  const { dev, kind } = qdisc;
  const drops = window.qdisc(qdisc, 'drops');
  const offered = drops + window.qdisc(qdisc, 'packets');
  if (drops < LEAST_PACKETS || drops < offered * LEAST_SHARE || ACTIVE.includes(kind)) return [];
  const link = window.after.links.find((one) => one.dev === dev);
  const length = link?.txqlen ?? 0;
  const longer = Math.min(LONGEST, Math.max(1000, length * 2));
  const follows =
    BY_TXQLEN.includes(kind) || inner(window, qdisc).some((one) => BY_TXQLEN.includes(one.kind));
  const proposals: Proposal[] = follows && longer > length ? [{ dev, setting: 'txqlen', value: longer }] : [];
  const shaped = SHAPERS.includes(kind);
  return [
    {
      dev,
      summary: `${kind} on ${dev} drops ${percent(drops / offered)} of what is offered${shaped ? ' at its rate' : ''}`,
      evidence: [
        { what: 'dropped', value: window.rate(drops), unit: 'packets/s' },
        { what: 'offered', value: window.rate(offered), unit: 'packets/s' },
        { what: 'sent', value: window.rate(window.qdisc(qdisc, 'bytes')) * 8, unit: 'bit/s' },
        { what: 'over the limit', value: window.rate(window.qdisc(qdisc, 'overlimits')), unit: 'times/s' },
        ...(follows ? [{ what: 'txqlen', value: length }] : []),
      ],
      proposals,
      ...(proposals.length === 0 && { manual: manual(shaped, kind) }),
      expected: 'bursts wait instead of being dropped',
      risk: 'a longer queue is a longer delay while it is full',
      metric: `qdisc_drops:${dev}`,
      weight: 3,
    },
  ];
}

function inner({ after }: Window, { dev, root }: QdiscSample): readonly QdiscSample[] {
  return after.qdiscs.filter((one) => one.dev === dev && root && !one.root);
}

function manual(shaped: boolean, kind: string): string {
  return shaped
    ? `more is offered than ${kind} lets through: raise its rate, or its limit or burst if the load comes in bursts`
    : `raise the limit of ${kind}, or put fq_codel in its place, which tells senders to slow down`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.01 ? 2 : 0)} %`;
}
