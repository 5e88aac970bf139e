// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';

const ONE = 0xffff_ffff;
const MOST_DIGITS = 10;

/** The kernel's 32 bits of `1%` or 0.01. @throws {WeirError} `VALUE`. */
export function parseProbability(value: string | number): number {
  const found = typeof value === 'number' ? value : Number(value.replace(/%$/, '')) / 100;
  if (found >= 0 && found <= 1) return toEven(found * ONE);
  throw new WeirError('VALUE', { what: `probability ${value}`, problem: 'must be 0% to 100%' });
}

/** As C's rint(), which tc uses, rounds. */
function toEven(value: number): number {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 === 1 ? up - 1 : up;
}

/** The shortest text in percent that means the same 32 bits. */
export function renderProbability(scaled: number): string {
  const percent = (scaled / ONE) * 100;
  for (let digits = 0; digits < MOST_DIGITS; digits++) {
    const text = `${decimal(percent, digits)}%`;
    if (parseProbability(text) === scaled) return text;
  }
  return `${decimal(percent, MOST_DIGITS)}%`;
}

/** Without an exponent and without zeros at the end. */
function decimal(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
