// SPDX-License-Identifier: Apache-2.0

// The one ambient of the pure layers: they compile without Node's or the DOM's types.
declare const TextDecoder: new (
  label?: string,
  options?: { fatal?: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

const utf8 = new TextDecoder('utf-8');
const encoder = new TextEncoder();

/** Decode UTF-8; malformed sequences become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Encode text as UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of a NUL-terminated string in `bytes[start, end)`; ends at the first NUL. ASCII takes a fast path. */
export function cString(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const c = bytes[i] as number;
    if (c === 0) return text;
    if (c >= 0x80) return utf8.decode(bytes.subarray(start, cEnd(bytes, i, end)));
    text += String.fromCharCode(c);
  }
  return text;
}

function cEnd(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i] !== 0) i++;
  return i;
}

/** Lower-case hex, with `separator` between bytes. */
export function hex(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0) text += separator;
    text += (bytes[i] as number).toString(16).padStart(2, '0');
  }
  return text;
}

/** True when both hold the same bytes. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
