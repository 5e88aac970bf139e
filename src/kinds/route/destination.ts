// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import { type IpPrefix, parsePrefix, renderIp } from '../../base/ip.ts';

/** The default route of IPv4; that of IPv6 is `::/0`. */
export const DEFAULT = 'default';

/**
 * Canonical text of a destination as `ip` writes it: without the length of a host route.
 * @throws {WeirError} `VALUE` for what is no prefix, or one with bits behind its length.
 */
export function canonicalDestination(text: string): string {
  if (text === DEFAULT || text === '0.0.0.0/0') return DEFAULT;
  if (isPlainIpv4(text)) return text;
  const host = text.endsWith('/32') ? text.slice(0, -3) : '';
  if (isPlainIpv4(host)) return host;
  const prefix = parsePrefix(text);
  const network = networkOf(prefix);
  const rendered = renderDestination(network, prefix.prefixlen);
  if (network.some((byte, i) => byte !== prefix.address[i]))
    throw new WeirError('VALUE', {
      what: `prefix "${text}"`,
      problem: `has bits behind its length: write ${rendered}, or a longer prefix`,
    });
  return rendered;
}

/** Text of a destination. */
export function renderDestination(address: Uint8Array, prefixlen: number): string {
  if (prefixlen === address.length * 8) return renderIp(address);
  return prefixlen === 0 && address.length === 4 ? DEFAULT : `${renderIp(address)}/${prefixlen}`;
}

/** Address and length of a canonical destination. */
export function parseDestination(text: string): IpPrefix {
  return text === DEFAULT ? { address: new Uint8Array(4), prefixlen: 0 } : parsePrefix(text);
}

/** The prefix's address with zeros behind its length. */
export function networkOf({ address, prefixlen }: IpPrefix): Uint8Array {
  return address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixlen - 8 * i))));
}

/** True for `a.b.c.d` and `a.b.c.d/1..31` that are canonical already: a table of routes holds hundreds of thousands of these. */
function isPlainIpv4(text: string): boolean {
  let address = 0;
  let [part, digits, dots] = [0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i) - 48;
    if (c >= 0 && c <= 9) {
      if (digits > 0 && part === 0) return false;
      part = part * 10 + c;
      if (++digits > 3) return false;
      continue;
    }
    if (digits === 0 || part > 255) return false;
    address = address * 256 + part;
    if (c === -1 && dots === 3) return isPlainLength(text, i + 1, address);
    if (c !== -2 || ++dots > 3) return false;
    part = digits = 0;
  }
  return dots === 3 && digits > 0 && part <= 255;
}

function isPlainLength(text: string, from: number, address: number): boolean {
  const size = text.length - from;
  if (size < 1 || size > 2) return false;
  let length = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i) - 48;
    if (c < 0 || c > 9 || (i === from && c === 0)) return false;
    length = length * 10 + c;
  }
  return length < 32 && address % 2 ** (32 - length) === 0;
}
