// SPDX-License-Identifier: Apache-2.0
// Blocks of addresses in documents.
import { messageOf } from '../../base/errors.ts';
import { type IpPrefix, parseIp, parsePrefix, renderIp } from '../../base/ip.ts';
import type { Complain } from '../object-class.ts';

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The text of a block's network: `10.0.0.0/8`. @throws {WeirError} `VALUE`, {RangeError} with what is wrong with it. */
export function canonicalBlock(text: string): string {
  const { address, prefixlen } = blockOf(text);
  return `${renderIp(address)}/${prefixlen}`;
}

/** Network and length. Bits behind the length are cleared. @throws like `canonicalBlock`. */
export function blockOf(text: string): IpPrefix {
  const { address, prefixlen } = parsePrefix(text);
  if (isMapped(address)) throw new RangeError(`"${text}" is an IPv4 address in IPv6: write it as IPv4`);
  const network = address.map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefixlen - 8 * i));
    return byte & (0xff00 >> bits) & 0xff;
  });
  return { address: network, prefixlen };
}

/** A block, or undefined and a complaint. @param bare An address without a length is a block of one. */
export function declaredBlock(
  text: string,
  path: string,
  complain: Complain,
  bare: boolean,
): string | undefined {
  if (!bare && !text.includes('/')) {
    complain(
      path,
      `"${text}" has no length: write ${text}/${text.includes(':') ? 128 : 32} for a single address`,
    );
    return undefined;
  }
  try {
    return canonicalBlock(text);
  } catch (error) {
    complain(path, messageOf(error));
    return undefined;
  }
}

/** A single address, or undefined and a complaint. */
export function declaredAddress(text: string, path: string, complain: Complain): string | undefined {
  try {
    const address = parseIp(text);
    if (!isMapped(address)) return renderIp(address);
    complain(path, `"${text}" is an IPv4 address in IPv6: write it as IPv4`);
  } catch (error) {
    complain(path, messageOf(error));
  }
  return undefined;
}

/** `cidr` and what of it is excepted. Exceptions must be smaller blocks inside. */
export function declaredExcept(
  cidr: { readonly path: string; readonly text: string; readonly bare: boolean },
  except: readonly string[] | undefined,
  path: string,
  complain: Complain,
): { readonly cidr: string; readonly except?: readonly string[] } | undefined {
  const outer = declaredBlock(cidr.text, cidr.path, complain, cidr.bare);
  const inner = (except ?? []).map((text, i) => declaredBlock(text, `${path}.${i}`, complain, cidr.bare));
  if (outer === undefined || inner.some((one) => one === undefined)) return undefined;
  const blocks = [...new Set(inner as readonly string[])].sort();
  let fits = true;
  for (const [i, one] of (inner as readonly string[]).entries())
    if (!isInside(one, outer)) {
      complain(`${path}.${i}`, `${one} is no smaller block inside ${outer}`);
      fits = false;
    }
  if (!fits) return undefined;
  return blocks.length === 0 ? { cidr: outer } : { cidr: outer, except: blocks };
}

function isInside(inner: string, outer: string): boolean {
  const [a, b] = [blockOf(inner), blockOf(outer)];
  if (a.address.length !== b.address.length || a.prefixlen <= b.prefixlen) return false;
  return canonicalBlock(`${renderIp(a.address)}/${b.prefixlen}`) === outer;
}

function isMapped(address: Uint8Array): boolean {
  return address.length === 16 && MAPPED.every((byte, i) => address[i] === byte);
}
