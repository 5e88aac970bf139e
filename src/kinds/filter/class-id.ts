// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';

/** Places of a clsact or ingress qdisc (TC_H_CLSACT with TC_H_MIN_INGRESS, TC_H_MIN_EGRESS). */
export const HOOKS: Readonly<Record<string, number>> = { ingress: 0xffff_fff2, egress: 0xffff_fff3 };

/** Schema of a class id. */
export const ClassId = (description: string) =>
  Type.String({ description, pattern: '^[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}$' });

/** Schema of where a filter hangs. */
export const Parent = Type.String({
  description: '`ingress` or `egress` of a clsact qdisc, or the handle of a qdisc with classes: "1:"',
  pattern: '^(ingress|egress|[0-9a-fA-F]{1,4}:)$',
});

/** Number of `1:`, `1:10`, `ingress` or `egress`. */
export function classIdNumber(text: string): number {
  const [major = '', minor = ''] = text.split(':');
  return (
    HOOKS[text] ?? Number.parseInt(major, 16) * 0x1_0000 + (minor === '' ? 0 : Number.parseInt(minor, 16))
  );
}

/** The text of a class: `1:10`. It is never the name of a hook, whatever its number. */
export function renderClassId(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}

/** The text of where a filter hangs: `ingress`, `egress`, or the handle of a qdisc `1:`. */
export function renderParent(number: number): string {
  const hook = Object.keys(HOOKS).find((name) => HOOKS[name] === number);
  return hook ?? ((number & 0xffff) === 0 ? `${(number >>> 16).toString(16)}:` : renderClassId(number));
}
