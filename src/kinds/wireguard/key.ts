// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const KEY_BYTES = 32;

/** A key of 32 bytes in base64, written in the only canonical way. */
export function KeyText(description: string): TSchema {
  return Type.String({ description, pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$' });
}

/** The bytes of a key that fits `KeyText`. */
export function keyBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  let [bits, waiting, at] = [0, 0, 0];
  for (const digit of text.slice(0, -1)) {
    bits = ((bits << 6) | DIGITS.indexOf(digit)) & 0xffff;
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes[at++] = (bits >> waiting) & 0xff;
  }
  return bytes;
}

/** A key in base64. */
export function keyText(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    for (const shift of [18, 12, 6, 0]) text += DIGITS[(bits >> shift) & 63];
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - missing) + '='.repeat(missing);
}
