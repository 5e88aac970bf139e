// SPDX-License-Identifier: Apache-2.0
import { IP_PROTOCOLS } from './ip-protocols.ts';

const ETHERTYPE_IP = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const HOP_BY_HOP = 0;

/** What a network carries, by ethertype. */
const NETWORKS: Readonly<Record<number, string>> = {
  0: '',
  [ETHERTYPE_IP]: 'ipv4',
  2054: 'arp',
  33024: 'vlan',
  [ETHERTYPE_IPV6]: 'ipv6',
  34887: 'mpls',
  34916: 'pppoe',
  34984: 'qinq',
  34958: 'eapol',
  35020: 'lldp',
  35063: 'ptp',
};

/** Names where that of {@link IP_PROTOCOLS} says too little. */
const TRANSPORTS: Readonly<Record<number, string>> = { 4: 'ipip', 41: 'sit', 58: 'icmpv6' };

/** Name of what an ethertype stands for: `ipv4`, `arp`; its number in hex where it has none, '' for 0. */
export function networkName(ethertype: number): string {
  return NETWORKS[ethertype] ?? `0x${ethertype.toString(16).padStart(4, '0')}`;
}

/**
 * Name of the protocol that a packet is of, as far up as it is known: `tcp`, `icmpv6`, `arp`; a number of IP that has no
 * name with its network: `ipv4/253`.
 */
export function protocolName(ethertype: number, transport: number): string {
  const network = networkName(ethertype);
  if (ethertype === ETHERTYPE_IPV6 && transport === HOP_BY_HOP) return 'hopopt';
  if ((ethertype !== ETHERTYPE_IP && ethertype !== ETHERTYPE_IPV6) || transport === 0) return network;
  return TRANSPORTS[transport] ?? IP_PROTOCOLS[transport] ?? `${network}/${transport}`;
}
