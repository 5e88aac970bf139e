// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';

/** What becomes of a packet (TC_ACT_*, include/uapi/linux/pkt_cls.h). */
const VERDICTS: Readonly<Record<string, number>> = {
  continue: -1,
  pass: 0,
  reclassify: 1,
  drop: 2,
  pipe: 3,
  stolen: 4,
  trap: 8,
};
const GOTO_CHAIN = 0x2000_0000;
const EXTRA_MASK = 0x0fff_ffff;

/** Schema of a verdict. */
export const Verdict = (description: string) =>
  Type.String({
    description: `${description}: pass (or ok), drop, pipe (the next action), continue (the next filter), reclassify, stolen, trap or \`goto chain N\``,
    pattern: '^(pass|ok|drop|pipe|continue|reclassify|stolen|trap|goto chain \\d{1,8})$',
  });

/** The number of a verdict. */
export function verdictNumber(text: string): number {
  const chain = /^goto chain (\d+)$/.exec(text)?.[1];
  if (chain !== undefined) return GOTO_CHAIN + Number(chain);
  return VERDICTS[text === 'ok' ? 'pass' : text] as number;
}

/** The word for a verdict. */
export function renderVerdict(number: number): string {
  const signed = number | 0;
  if ((signed & ~EXTRA_MASK) === GOTO_CHAIN) return `goto chain ${signed & EXTRA_MASK}`;
  return Object.keys(VERDICTS).find((word) => VERDICTS[word] === signed) ?? `[${signed}]`;
}
