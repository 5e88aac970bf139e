// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import {
  type AddrAttrs,
  decodeAddrAttrs,
  decodeIfaddrmsg,
  IFADDRMSG_SIZE,
} from '../../codec/generated/rt-addr.ts';
import { given, present, unlessZero } from '../../kinds/fields.ts';
import type { Address } from '../../model/address.ts';
import { addressFlagNames } from '../../model/names/address-flags.ts';
import { addressProtoName } from '../../model/names/address-protos.ts';
import { AF_INET6, familyName } from '../../model/names/families.ts';
import { rtScopeName } from '../../model/names/rt-scopes.ts';

/** An address and what tells it from others of its device. */
export interface ProjectedAddress {
  readonly address: Address;
  readonly key: string;
}

/**
 * An address from a RTM_NEWADDR or RTM_DELADDR message (net/ipv4/devinet.c inet_fill_ifaddr(),
 * net/ipv6/addrconf.c inet6_fill_ifaddr()). `ifname` reads `if<index>` until the caller names the device.
 *
 * @throws {WeirError} `DECODE`.
 */
export function projectAddress(wire: Wire, start: number, end: number): ProjectedAddress {
  const header = decodeIfaddrmsg(wire, start, Math.min(end, start + IFADDRMSG_SIZE));
  const a = decodeAddrAttrs(wire, start + IFADDRMSG_SIZE, end);
  const { ifaFamily: family, ifaPrefixlen: prefixlen, ifaIndex: ifindex } = header;
  const address = present({
    ifindex,
    ifname: `if${ifindex}`,
    family: familyName(family),
    ...ends(a),
    prefixlen,
    metric: unlessZero(a.ifaRtPriority),
    broadcast: given(a.ifaBroadcast, renderIp),
    anycast: given(a.ifaAnycast, renderIp),
    scope: rtScopeName(header.ifaScope),
    ...flags(a.ifaFlags ?? header.ifaFlags, family),
    protocol: given(unlessZero(a.ifaProto), addressProtoName),
    label: a.ifaLabel,
    valid_life_time: a.ifaCacheinfo?.ifaValid,
    preferred_life_time: a.ifaCacheinfo?.ifaPrefered,
  }) as unknown as Address;
  return { address, key: `${address.local}/${prefixlen}/${address.address ?? ''}` };
}

/**
 * The kernel names the peer IFA_ADDRESS; without a peer it is the address itself, and IPv6 then omits
 * IFA_LOCAL.
 */
function ends({ ifaLocal, ifaAddress }: AddrAttrs) {
  const local = given(ifaLocal ?? ifaAddress, renderIp);
  const peer = given(ifaAddress, renderIp);
  return { local, address: peer === local ? undefined : peer };
}

function flags(bits: number, family: number) {
  return Object.fromEntries(addressFlagNames(bits, family === AF_INET6).map((name) => [name, true]));
}
