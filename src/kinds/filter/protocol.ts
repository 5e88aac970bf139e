// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';

/** Ethernet protocols by the names of `tc` (include/uapi/linux/if_ether.h). */
const PROTOCOLS: Readonly<Record<string, number>> = {
  all: 0x0003,
  ip: 0x0800,
  arp: 0x0806,
  '802.1Q': 0x8100,
  ipv6: 0x86dd,
  mpls_uc: 0x8847,
  ppp_ses: 0x8864,
  '802.1ad': 0x88a8,
  LLDP: 0x88cc,
};
const NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]));

/** Schema of an Ethernet protocol. */
export const Protocol = (description: string) =>
  Type.Union(
    [Type.Enum([...Object.keys(PROTOCOLS), '802.1q', 'lldp']), Type.Integer({ minimum: 1, maximum: 0xffff })],
    {
      description: `${description}; one that has no name by its number`,
    },
  );

/** Number in host order of a name or number that fits {@link Protocol}. */
export function protocolNumber(protocol: string | number): number {
  if (typeof protocol === 'number') return protocol;
  const name = { '802.1q': '802.1Q', lldp: 'LLDP' }[protocol] ?? protocol;
  return PROTOCOLS[name] as number;
}

/** Name of a protocol where it has one, otherwise its number. */
export function renderProtocol(number: number): string | number {
  return NAMES.get(number) ?? number;
}
