// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';

const ALL = 0xffff_ffff;

/** Schema of 32 bits of a packet, in network order. */
export const Bits = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: ALL }), Type.String({ pattern: '^0x[0-9a-fA-F]{1,8}$' })], {
    description: `${description}, as a number or as text: "0x0a000000"`,
  });

/** Number of what fits {@link Bits}; `usual` when there is none. */
export function bitsNumber(bits: unknown, usual = ALL): number {
  return bits === undefined ? usual : Number(bits);
}

/** Eight hexadecimal digits: `0x0a000000`. */
export function renderBits(bits: number): string {
  return `0x${(bits >>> 0).toString(16).padStart(8, '0')}`;
}
