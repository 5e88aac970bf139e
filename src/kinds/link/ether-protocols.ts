// SPDX-License-Identifier: Apache-2.0

/** Ethernet protocols that devices are configured with (include/uapi/linux/if_ether.h). */
const ETHER_PROTOCOLS: Readonly<Record<number, string>> = {
  2048: 'ip',
  2054: 'arp',
  33024: '802.1Q',
  34525: 'ipv6',
  34887: 'mpls_uc',
  34984: '802.1ad',
};

/** Name of an Ethernet protocol number in host order, `[n]` when unknown, as `ip` writes it. */
export function etherProtocolName(protocol: number): string {
  return ETHER_PROTOCOLS[protocol] ?? `[${protocol}]`;
}
