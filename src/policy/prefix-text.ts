// SPDX-License-Identifier: Apache-2.0
import { parsePrefix } from '../base/ip.ts';
import { readIpv6 } from './ipv6-text.ts';
import {
  noted,
  type ParsedPrefixes,
  PrefixCollector,
  type PrefixList,
  type PrefixProblem,
} from './prefixes.ts';

const [LF, CR, TAB, SPACE, HASH, DOT, SLASH, ZERO, NINE] = [10, 13, 9, 32, 35, 46, 47, 48, 57] as const;

/** The prefixes of a document's list. @throws {WeirError} `VALUE` for what is none. */
export function prefixesOf(cidrs: readonly string[]): PrefixList {
  const found = new PrefixCollector();
  for (const text of cidrs) add(found, text);
  return found.list();
}

/**
 * The prefixes of a file: one in a line, an address for a prefix of one address; # begins a comment. Bits behind the
 * length are taken for zeros. @param most Prefixes that may be there.
 */
export function parsePrefixes(bytes: Uint8Array, most: number): ParsedPrefixes {
  const found = new PrefixCollector();
  const problems: PrefixProblem[] = [];
  let line = 0;
  for (let at = 0; at < bytes.length; ) {
    line++;
    const end = endOfLine(bytes, at);
    if (!plainV4(bytes, at, end, found) && !plainV6(bytes, at, end, found))
      otherLine(bytes.subarray(at, end), line, found, problems);
    if (found.count > most) {
      noted(problems, line, `there are more than ${most} prefixes: summarise some, or raise the limit`);
      break;
    }
    at = end + 1;
  }
  return { list: found.list(), count: found.count, problems };
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end < 0 ? bytes.length : end;
}

/** Takes `192.0.2.0/24` and nothing else, without making a string. */
function plainV4(bytes: Uint8Array, from: number, end: number, found: PrefixCollector): boolean {
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  let at = from;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) {
      if (digits > 0 && part === 0) return false;
      part = part * 10 + byte - ZERO;
      digits++;
    } else if (byte === DOT && digits > 0 && part < 256) {
      address = address * 256 + part;
      [part, digits] = [0, 0];
      dots++;
    } else break;
  }
  if (dots !== 3 || digits === 0 || part > 255) return false;
  const length = at === end ? 32 : bytes[at] === SLASH ? decimal(bytes, at + 1, end) : -1;
  if (length < 0 || length > 32) return false;
  found.addV4(address * 256 + part, length);
  return true;
}

const scratch = new Uint8Array(16);

function plainV6(bytes: Uint8Array, from: number, end: number, found: PrefixCollector): boolean {
  const length = readIpv6(bytes, from, end, scratch);
  // an IPv4 address in IPv6 is told as a mistake
  if (length < 0 || isMapped(scratch)) return false;
  found.addV6(scratch, length);
  return true;
}

function decimal(bytes: Uint8Array, from: number, end: number): number {
  if (end === from || end > from + 2) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

function otherLine(bytes: Uint8Array, line: number, found: PrefixCollector, problems: PrefixProblem[]): void {
  const hash = bytes.indexOf(HASH);
  const text = trimmed(hash < 0 ? bytes : bytes.subarray(0, hash));
  if (text === '') return;
  try {
    add(found, text);
  } catch {
    noted(problems, line, `"${text.slice(0, 60)}" is no prefix: write 192.0.2.0/24 or 2001:db8::/32`);
  }
}

function trimmed(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.length > 200 ? bytes.subarray(0, 200) : bytes) text += String.fromCharCode(byte);
  let [from, end] = [0, text.length];
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(from, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CR;
}

function add(found: PrefixCollector, text: string): void {
  const { address, prefixlen } = parsePrefix(text);
  if (isMapped(address)) throw new RangeError(`"${text}" is an IPv4 address in IPv6`);
  if (address.length === 16) {
    found.addV6(address, prefixlen);
    return;
  }
  const [a = 0, b = 0, c = 0, d = 0] = address;
  found.addV4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0, prefixlen);
}

/** ::ffff:0:0/96: IPv4 addresses in IPv6, which no packet has as its own. */
function isMapped(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  return address.subarray(0, 10).every((byte) => byte === 0);
}
