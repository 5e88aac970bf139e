// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import { messageOf } from '../../../base/errors.ts';
import type { TcActAttrs, TcActOptionsMsg } from '../../../codec/generated/tc.ts';
import type { Spec } from '../../../model/object.ts';
import { present } from '../../fields.ts';
import type { Complain } from '../../object-class.ts';
import { gact } from './gact.ts';
import type { ActionKind, Attributes } from './kind.ts';
import { mirred } from './mirred.ts';
import { pedit } from './pedit.ts';
import { police } from './police.ts';
import { skbedit } from './skbedit.ts';
import { renderVerdict, verdictNumber } from './verdict.ts';
import { vlan } from './vlan.ts';

/** Every kind of action that a document can declare. A new kind is one file and one line here. */
export const ACTION_KINDS: readonly ActionKind[] = [mirred, gact, police, skbedit, vlan, pedit];

/** TCA_ACT_MAX_PRIO: the kernel takes no more actions of one filter. */
const MAX_ACTIONS = 32;
const byName = new Map(ACTION_KINDS.map((one) => [one.kind, one]));

/** The list of actions of a filter. */
export const Actions: TSchema = Type.Array(
  Type.Object(
    {
      kind: Type.Enum([...byName.keys()], { description: 'Kind of the action' }),
      ...Object.fromEntries(ACTION_KINDS.map(({ kind, schema }) => [kind, Type.Optional(schema)])),
    },
    { additionalProperties: false, description: 'An action' },
  ),
  { description: 'What is done with packets that match, in order', minItems: 1, maxItems: MAX_ACTIONS },
);

/** The kind of that name. */
export function actionKind(name: unknown): ActionKind | undefined {
  return byName.get(String(name));
}

/** Canonical form of an action that a document declares. */
export function canonicalAction(item: Spec, complain: Complain): Spec {
  const kind = actionKind(item['kind']) as ActionKind;
  for (const other of byName.keys())
    if (other !== kind.kind && item[other] !== undefined)
      complain(other, `belongs to actions of kind ${other}: set \`kind: ${other}\` or leave it out`);
  const given = item[kind.kind] as Spec | undefined;
  if (given === undefined) {
    complain(kind.kind, 'is missing: it has the settings');
    return item;
  }
  const within: Complain = (path, problem) => complain(`${kind.kind}.${path}`, problem);
  try {
    const settings = kind.canonical?.(given, within) ?? given;
    return { kind: kind.kind, [kind.kind]: withVerdict(kind, settings) };
  } catch (error) {
    complain(kind.kind, messageOf(error));
    return item;
  }
}

function withVerdict(kind: ActionKind, settings: Spec): Spec {
  const word = settings['verdict'] as string | undefined;
  const verdict = word === undefined ? undefined : renderVerdict(verdictNumber(word));
  return present({ ...settings, verdict: verdict === kind.verdict?.(settings) ? undefined : verdict });
}

/** Attributes of a canonical action. */
export function actionAttributes(action: Spec, ifindex: (name: string) => number): TcActAttrs {
  const kind = actionKind(action['kind']) as ActionKind;
  const settings = action[kind.kind] as Spec;
  const verdict = (settings['verdict'] ?? kind.verdict?.(settings) ?? 'pass') as string;
  const options = { kind: kind.kind, ...kind.attributes(settings, verdictNumber(verdict), ifindex) };
  return { kind: kind.kind, options: options as unknown as TcActOptionsMsg };
}

/** Canonical form of an action that the kernel reports; `other` names what a document cannot say. */
export function observedAction(seen: TcActAttrs, nameOf: (ifindex: number) => string): Spec {
  const kind = actionKind(seen.kind);
  const options = seen.options;
  if (kind === undefined || options === undefined || options instanceof Uint8Array)
    return { kind: seen.kind, other: ['kind'] };
  const attributes = options as unknown as Attributes;
  const settings = kind.observed(attributes, nameOf);
  const { action } = (attributes['parms'] ?? attributes['parmsEx'] ?? {}) as { action?: number };
  const verdict = action === undefined ? undefined : renderVerdict(action);
  const other = Object.keys(attributes).filter((name) => name !== 'kind' && !kind.reads.includes(name));
  return present({
    kind: kind.kind,
    [kind.kind]: withVerdict(kind, { ...settings, verdict }),
    other: other.length === 0 ? undefined : other,
  });
}
