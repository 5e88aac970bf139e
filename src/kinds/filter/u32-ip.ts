// SPDX-License-Identifier: Apache-2.0
// Fields of IPv4 and IPv6 headers as the words that u32 compares.
import { type TSchema, Type } from 'typebox';
import { messageOf, WeirError } from '../../base/errors.ts';
import { parsePrefix } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import type { Complain } from '../object-class.ts';
import { IpProtocol, ipProtocolNumber } from './ip-protocol.ts';

const Address = (description: string) => Type.Optional(Type.String({ description }));
const Port = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: 0xffff }));

/** Settings of u32 for filters whose protocol is ip or ipv6. */
export const IP_FIELD_SCHEMAS: Readonly<Record<string, TSchema>> = {
  src: Address('Source address or prefix'),
  dst: Address('Destination address or prefix'),
  protocol: Type.Optional(IpProtocol('Protocol above IP')),
  sport: Port('Source port, of packets without IP options'),
  dport: Port('Destination port, of packets without IP options'),
};

interface Layout {
  readonly bytes: number;
  readonly src: number;
  readonly dst: number;
  /** Word with the protocol above IP, and how far it is shifted in it. */
  readonly protocol: readonly [at: number, shift: number];
  readonly ports: number;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  ip: { bytes: 4, src: 12, dst: 16, protocol: [8, 16], ports: 20 },
  ipv6: { bytes: 16, src: 8, dst: 24, protocol: [4, 8], ports: 40 },
};

/** The words for the fields of an item. */
export function ipMatches(fields: Spec, protocol: unknown, complain: Complain): readonly Spec[] {
  const names = Object.keys(fields);
  const layout = LAYOUTS[String(protocol)];
  if (layout === undefined) {
    for (const name of names) complain(name, 'needs `protocol: ip` or `protocol: ipv6` of the filter');
    return [];
  }
  return names.flatMap((name) => {
    try {
      return fieldMatches(name, fields[name], layout);
    } catch (error) {
      complain(name, messageOf(error));
      return [];
    }
  });
}

function fieldMatches(name: string, value: unknown, layout: Layout): readonly Spec[] {
  if (name === 'protocol') {
    const [at, shift] = layout.protocol;
    return [{ at, value: ipProtocolNumber(value as string) << shift, mask: 0xff << shift }];
  }
  if (name === 'sport') return [{ at: layout.ports, value: Number(value) * 0x1_0000, mask: 0xffff_0000 }];
  if (name === 'dport') return [{ at: layout.ports, value, mask: 0xffff }];
  return prefixMatches(String(value), name === 'src' ? layout.src : layout.dst, layout.bytes);
}

function prefixMatches(text: string, start: number, bytes: number): readonly Spec[] {
  const { address, prefixlen } = parsePrefix(text);
  if (address.length !== bytes)
    throw new WeirError('VALUE', { what: `address "${text}"`, problem: "must be of the filter's protocol" });
  const view = new DataView(address.buffer, address.byteOffset);
  const words: Spec[] = [];
  for (let at = 0; at * 8 < prefixlen; at += 4) {
    const left = Math.min(32, prefixlen - at * 8);
    words.push({ at: start + at, value: view.getUint32(at), mask: (0xffff_ffff << (32 - left)) >>> 0 });
  }
  return words;
}
