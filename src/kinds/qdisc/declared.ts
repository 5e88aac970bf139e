// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import type { Attributes } from '../link/setting.ts';
import { declaredCake } from './cake.ts';
import { declaredCodel } from './codel.ts';
import { DECLARED_FIFOS } from './fifo.ts';
import { declaredFq } from './fq.ts';
import { declaredFqCodel } from './fq-codel.ts';
import { declaredHtb } from './htb.ts';
import { declaredMqprio } from './mqprio.ts';
import { declaredNetem } from './netem.ts';
import { DECLARED_PLAIN } from './plain.ts';
import { declaredPrio } from './prio.ts';
import { declaredRed } from './red.ts';
import type { ComplainOf, DeclaredOptions, DeclaredQdisc } from './setting.ts';
import { declaredSfq } from './sfq.ts';
import { declaredTbf } from './tbf.ts';

/** Every kind of qdisc that a document can declare. A new kind is one file and one line here. */
export const DECLARED_QDISCS: readonly DeclaredQdisc[] = [
  ...DECLARED_PLAIN,
  ...DECLARED_FIFOS,
  declaredHtb,
  declaredTbf,
  declaredCodel,
  declaredFqCodel,
  declaredFq,
  declaredCake,
  declaredPrio,
  declaredSfq,
  declaredMqprio,
  declaredNetem,
  declaredRed,
];

const byName = new Map(DECLARED_QDISCS.map((kind) => [kind.kind, kind]));

/** The declaration of a kind; undefined for a kind that a document cannot declare. */
export function declaredQdisc(kind: unknown): DeclaredQdisc | undefined {
  return byName.get(String(kind));
}

/** Canonical settings of what a document gives; mistakes go to `complain`. */
export function canonicalOptions(shape: DeclaredOptions, given: Spec, complain: ComplainOf): Spec {
  const out: Record<string, unknown> = {};
  let failed = false;
  const failing: ComplainOf = (name, problem) => {
    failed = true;
    complain(name, problem);
  };
  for (const name of shape.required ?? []) if (given[name] === undefined) failing(name, 'is missing');
  for (const [name, { canonical }] of Object.entries(shape.settings)) {
    const value = given[name];
    if (value === undefined) continue;
    try {
      out[name] = canonical === undefined ? value : canonical(value as never);
    } catch (error) {
      failing(name, messageOf(error));
    }
  }
  return failed ? out : (shape.settled?.(out, failing) ?? out);
}

/** Canonical settings of what the kernel reports, `shown` as `tc -j` shows it. */
export function observedOptions(shape: DeclaredOptions, shown: Spec): Spec {
  const entries = Object.entries(shape.settings).flatMap(([name, setting]) => {
    const { canonical, observed, silent, folded } = setting;
    const value = shown[name] ?? silent;
    if (folded) return [];
    if (observed !== undefined) return [[name, observed(value as never)]];
    return [[name, value === undefined || canonical === undefined ? value : canonical(value as never)]];
  });
  return present(Object.fromEntries(entries));
}

/** What carries the settings: those that differ from `before`, or all where the kernel wants them together. */
export function optionAttributes(shape: DeclaredOptions, after: Spec, before: Spec | undefined): Attributes {
  if (shape.whole !== undefined) return shape.whole(after);
  const out: Attributes = {};
  for (const [name, value] of Object.entries(after)) {
    const setting = shape.settings[name];
    const was = before === undefined ? setting?.silent : before[name];
    if (setting === undefined || JSON.stringify(was) === JSON.stringify(value)) continue;
    Object.assign(
      out,
      setting.attributes(value as never, () => 0),
    );
  }
  return out;
}
