// SPDX-License-Identifier: Apache-2.0
import { type IpPrefix, parsePrefix } from '../base/ip.ts';

const parsed = new Map<string, IpPrefix>();
const MOST = 100_000;

/** The prefix of a canonical text. */
export function prefixOf(text: string): IpPrefix {
  let known = parsed.get(text);
  if (known === undefined) {
    known = parsePrefix(text);
    if (parsed.size >= MOST) parsed.clear();
    parsed.set(text, known);
  }
  return known;
}

/** True when the address is in the block, which is a canonical text. */
export function inPrefix(cidr: string, address: Uint8Array): boolean {
  const { address: network, prefixlen } = prefixOf(cidr);
  if (network.length !== address.length) return false;
  const whole = prefixlen >> 3;
  for (let i = 0; i < whole; i++) if (network[i] !== address[i]) return false;
  const mask = (0xff00 >> (prefixlen & 7)) & 0xff;
  return mask === 0 || (((network[whole] as number) ^ (address[whole] as number)) & mask) === 0;
}
