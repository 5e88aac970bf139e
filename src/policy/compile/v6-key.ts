// SPDX-License-Identifier: Apache-2.0
// A prefix of IPv6 as a text of nine characters: its eight words, zero behind the length, and the length. The order of the
// texts is that of the addresses, with each prefix behind those that cover it.

/** The key of the first `length` bits of an address. @param at Place in a list of addresses. */
export function v6Key(bytes: Uint8Array, length: number, at = 0): string {
  const word = (i: number) => {
    const bits = length - 16 * i;
    if (bits <= 0) return 0;
    const value = ((bytes[16 * at + 2 * i] as number) << 8) | (bytes[16 * at + 2 * i + 1] as number);
    return bits >= 16 ? value : value & (0xffff0000 >> bits) & 0xffff;
  };
  return String.fromCharCode(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), length);
}

export function keyLength(key: string): number {
  return key.charCodeAt(8);
}

/** The first 32 bits. */
export function keyStart(key: string): number {
  return key.charCodeAt(0) * 65_536 + key.charCodeAt(1);
}

export function keyBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    const word = key.charCodeAt(i);
    bytes[2 * i] = word >> 8;
    bytes[2 * i + 1] = word & 0xff;
  }
  return bytes;
}

/** The prefix of `length` bits around a longer one. */
export function shortened(key: string, length: number): string {
  const word = (i: number) => {
    const bits = length - 16 * i;
    if (bits <= 0) return 0;
    return bits >= 16 ? key.charCodeAt(i) : key.charCodeAt(i) & (0xffff0000 >> bits) & 0xffff;
  };
  return String.fromCharCode(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7), length);
}

/** True when `inner` lies in `outer`, or is the same. */
export function isInside(inner: string, outer: string): boolean {
  const length = keyLength(outer);
  if (length > keyLength(inner)) return false;
  const whole = length >> 4;
  for (let i = 0; i < whole; i++) if (inner.charCodeAt(i) !== outer.charCodeAt(i)) return false;
  const mask = (0xffff0000 >> (length & 15)) & 0xffff;
  return ((inner.charCodeAt(whole) ^ outer.charCodeAt(whole)) & mask) === 0 || (length & 15) === 0;
}
