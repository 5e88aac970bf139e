// SPDX-License-Identifier: Apache-2.0

import { hex } from './bytes.ts';
import { WeirError } from './errors.ts';

/** Render 4 or 16 address bytes: dotted quad, or RFC 5952 text for IPv6. Other lengths become colon-hex. */
export function renderIp(b: Uint8Array): string {
  if (b.length === 4) return `${b[0]}.${b[1]}.${b[2]}.${b[3]}`;
  if (b.length === 16) return renderIpv6(b);
  return hex(b, ':');
}

/** Render a link-layer address of any length as colon-separated hex; 4 and 16 bytes are IP tunnels' addresses. */
export function renderMac(b: Uint8Array): string {
  return hex(b, ':');
}

function renderIpv6(b: Uint8Array): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((b[i] as number) << 8) | (b[i + 1] as number));
  // ::ffff:a.b.c.d (RFC 5952 section 5)
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff)
    return `::ffff:${b[12]}.${b[13]}.${b[14]}.${b[15]}`;
  const [start, length] = longestZeroRun(words);
  if (length < 2) return words.map((w) => w.toString(16)).join(':');
  const text = (part: number[]) => part.map((w) => w.toString(16)).join(':');
  return `${text(words.slice(0, start))}::${text(words.slice(start + length))}`;
}

function longestZeroRun(words: readonly number[]): readonly [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let i = 0; i < words.length; i++) {
    let n = 0;
    while (words[i + n] === 0) n++;
    if (n > best[1]) best = [i, n];
    if (n > 0) i += n - 1;
  }
  return best;
}

/**
 * Parse an IPv4 or IPv6 address.
 *
 * @returns 4 or 16 bytes in network order.
 * @throws {WeirError} `VALUE` for anything else (no zone index, no leading zeros in IPv4).
 */
export function parseIp(text: string): Uint8Array {
  const bytes = text.includes(':') ? tryIpv6(text) : tryIpv4(text);
  if (bytes === undefined)
    throw new WeirError('VALUE', { what: `address "${text}"`, problem: 'is neither IPv4 nor IPv6' });
  return bytes;
}

function tryIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const out = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    out[i] = Number(part);
  }
  return out;
}

function tryIpv6(text: string): Uint8Array | undefined {
  let head = text;
  let v4: Uint8Array | undefined;
  if (text.includes('.')) {
    const cut = text.lastIndexOf(':');
    v4 = tryIpv4(text.slice(cut + 1));
    if (v4 === undefined) return undefined;
    head = `${text.slice(0, cut)}:${(((v4[0] as number) << 8) | (v4[1] as number)).toString(16)}:${(((v4[2] as number) << 8) | (v4[3] as number)).toString(16)}`;
  }
  const halves = head.split('::');
  if (halves.length > 2) return undefined;
  const words = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'));
  const left = words(halves[0]);
  const right = words(halves[1]);
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...new Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...right];
  const out = new Uint8Array(16);
  for (const [i, word] of all.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(word)) return undefined;
    const value = Number.parseInt(word, 16);
    out[2 * i] = value >> 8;
    out[2 * i + 1] = value & 0xff;
  }
  return out;
}

/** An address with the length of its prefix. */
export interface IpPrefix {
  readonly address: Uint8Array;
  readonly prefixlen: number;
}

/** Parse `address/len`; without a length it is a host prefix. @throws {WeirError} `VALUE`. */
export function parsePrefix(text: string): IpPrefix {
  const [host = '', length, ...rest] = text.split('/');
  const address = parseIp(host);
  const bits = address.length * 8;
  if (length === undefined) return { address, prefixlen: bits };
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits)
    throw new WeirError('VALUE', { what: `prefix "${text}"`, problem: `the length must be 0 to ${bits}` });
  return { address, prefixlen: Number(length) };
}

/** Parse `aa:bb:cc:dd:ee:ff`. @throws {WeirError} `VALUE`. */
export function parseMac(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(text))
    throw new WeirError('VALUE', { what: `MAC address "${text}"`, problem: 'write it as aa:bb:cc:dd:ee:ff' });
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}
