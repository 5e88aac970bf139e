// SPDX-License-Identifier: Apache-2.0

/** The first `length` bits of so many bytes. */
export function prefixMask(length: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => {
    const bits = Math.min(8, Math.max(0, length - 8 * i));
    return 0xff & (0xff << (8 - bits));
  });
}

/** How many first bits a mask has; undefined when others are set, too. */
export function prefixLength(mask: Uint8Array): number | undefined {
  const text = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const length = text.indexOf('0');
  if (length < 0) return text.length;
  return text.includes('1', length) ? undefined : length;
}
