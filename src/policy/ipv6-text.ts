// SPDX-License-Identifier: Apache-2.0

const [COLON, SLASH, ZERO, NINE, UPPER_A, UPPER_F, LOWER_A, LOWER_F] = [
  58, 47, 48, 57, 65, 70, 97, 102,
] as const;

/**
 * Reads `2001:db8::/32` and nothing else from `from` to `end`, without making a string. What it does not take, such as an
 * address with dots, may be good all the same.
 * @param address Where the 16 bytes go.
 * @returns the length of the prefix, -1 for what it does not take.
 */
export function readIpv6(bytes: Uint8Array, from: number, end: number, address: Uint8Array): number {
  address.fill(0);
  let word = 0;
  let digits = 0;
  let words = 0;
  let gap = -1;
  let at = from;
  for (; at < end && bytes[at] !== SLASH; at++) {
    const byte = bytes[at] as number;
    if (byte !== COLON) {
      const digit = hexDigit(byte);
      if (digit < 0 || ++digits > 4) return -1;
      word = word * 16 + digit;
      continue;
    }
    const isGap = bytes[at + 1] === COLON;
    if (digits > 0) {
      if (words === 8) return -1;
      address[2 * words] = word >> 8;
      address[2 * words++ + 1] = word & 0xff;
    } else if (!isGap) return -1;
    [word, digits] = [0, 0];
    if (!isGap) continue;
    if (gap >= 0) return -1;
    gap = words;
    at++;
  }
  if (digits > 0) {
    if (words === 8) return -1;
    address[2 * words] = word >> 8;
    address[2 * words++ + 1] = word & 0xff;
  } else if (gap !== words) return -1;
  if (gap < 0 ? words !== 8 : words > 7) return -1;
  if (gap >= 0) widen(address, gap, words);
  return at === end ? 128 : lengthAt(bytes, at + 1, end);
}

/** Moves what stands behind `::` to the end. */
function widen(address: Uint8Array, gap: number, words: number): void {
  address.copyWithin(16 - 2 * (words - gap), 2 * gap, 2 * words);
  address.fill(0, 2 * gap, 16 - 2 * (words - gap));
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  if (byte >= LOWER_A && byte <= LOWER_F) return byte - LOWER_A + 10;
  return byte >= UPPER_A && byte <= UPPER_F ? byte - UPPER_A + 10 : -1;
}

function lengthAt(bytes: Uint8Array, from: number, end: number): number {
  if (end === from || end > from + 3) return -1;
  let length = 0;
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length > 128 ? -1 : length;
}
