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

/** The text of a number, the inverse of {@link classIdNumber}. */
export function renderClassId(number: number): string {
  const hook = Object.keys(HOOKS).find((name) => HOOKS[name] === number);
  const minor = number & 0xffff;
  return hook ?? `${(number >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
