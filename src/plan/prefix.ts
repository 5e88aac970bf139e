// SPDX-License-Identifier: Apache-2.0
import { type IpPrefix, parsePrefix } from '../base/ip.ts';

/** The prefix that a setting says; undefined for one that is none. `default` and `all` are left to the caller. */
export function prefixOf(value: unknown): IpPrefix | undefined {
  if (typeof value !== 'string') return undefined;
  if (value === 'default') return { address: new Uint8Array(4), prefixlen: 0 };
  try {
    return parsePrefix(value);
  } catch {
    return undefined;
  }
}

/** True when every address of `inner` is in `outer`. */
export function covers(outer: IpPrefix, inner: IpPrefix): boolean {
  if (outer.address.length !== inner.address.length || outer.prefixlen > inner.prefixlen) return false;
  const whole = outer.prefixlen >> 3;
  for (let i = 0; i < whole; i++) if (outer.address[i] !== inner.address[i]) return false;
  const mask = 0xff00 >> (outer.prefixlen & 7);
  return ((outer.address[whole] ?? 0) & mask & 0xff) === ((inner.address[whole] ?? 0) & mask & 0xff);
}

/** Orders prefixes so that each stands right behind those that cover it. */
export function byNetwork(a: IpPrefix, b: IpPrefix): number {
  if (a.address.length !== b.address.length) return a.address.length - b.address.length;
  const [left, right] = [networkOf(a), networkOf(b)];
  for (let i = 0; i < left.length; i++) {
    const difference = (left[i] as number) - (right[i] as number);
    if (difference !== 0) return difference;
  }
  return a.prefixlen - b.prefixlen;
}

/** The prefix's address with zeros behind its length. */
export function networkOf({ address, prefixlen }: IpPrefix): Uint8Array {
  return address.map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefixlen - 8 * i));
    return byte & (0xff00 >> bits) & 0xff;
  });
}
