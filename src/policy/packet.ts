// SPDX-License-Identifier: Apache-2.0
import { parseIp } from '../base/ip.ts';
import type { EndpointSide, EndpointSpec, PolicyDirection } from '../model/policy.ts';

/** What policies look at of a packet. */
export interface PolicyPacket {
  /** 4 or 16 bytes, as those of `destination`. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Number of the IP protocol. */
  readonly protocol: number;
  /** Ports of TCP, UDP and SCTP, else 0. */
  readonly sourcePort: number;
  /** Of the destination. */
  readonly port: number;
  /** Of ICMP and ICMPv6, else 0. */
  readonly type: number;
  readonly code: number;
  /** Of TCP, else 0. */
  readonly flags: number;
}

const SYN = 2;
const [TCP, UDP, ICMPV6] = [6, 17, 58];
/** Multicast listener discovery: queries, reports, done (RFC 2710, RFC 3810). */
const MLD: readonly number[] = [130, 131, 132, 143];

/** A packet of text addresses; what is not given is 0, and of TCP a SYN. @throws {WeirError} `VALUE`. */
export function packetOf(
  given: Partial<Omit<PolicyPacket, 'source' | 'destination'>> & {
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
  },
): PolicyPacket {
  const { source, destination, ...rest } = given;
  const flags = given.protocol === TCP ? SYN : 0;
  return {
    sourcePort: 0,
    port: 0,
    type: 0,
    code: 0,
    flags,
    ...rest,
    source: parseIp(source),
    destination: parseIp(destination),
  };
}

/**
 * True when the endpoint talks to itself: source and destination are one address, or the endpoint has several of one
 * family and the other end is one of its addresses.
 */
export function isSelf(endpoint: EndpointSpec, direction: PolicyDirection, packet: PolicyPacket): boolean {
  const { source, destination } = packet;
  if (sameBytes(source, destination)) return true;
  const remote = direction === 'ingress' ? source : destination;
  return hasSeveral(endpoint) && endpoint.addresses.some((text) => sameBytes(parseIp(text), remote));
}

/** True for an endpoint that may meet itself under another address. */
export function hasSeveral({ addresses }: EndpointSpec): boolean {
  const v6 = addresses.filter((text) => text.includes(':')).length;
  return v6 > 1 || addresses.length - v6 > 1;
}

/**
 * True for what keeps links working whatever policies say: neighbour discovery (RFC 4861, types 133 to 137), and from an
 * address of the link or none the listening to multicast that it needs (RFC 4890, 4.4.1); of a host its own DHCP client.
 * The datapath looks at the hop limit as well, which is 255 of the one and 1 of the other.
 */
export function alwaysPasses(side: EndpointSide, direction: PolicyDirection, packet: PolicyPacket): boolean {
  const { protocol, type, sourcePort, port, source } = packet;
  if (protocol === ICMPV6 && source.length === 16)
    return (type >= 133 && type <= 137) || (MLD.includes(type) && isOfLink(source));
  if (protocol !== UDP || side !== 'host') return false;
  const [client, server] = source.length === 4 ? [68, 67] : [546, 547];
  return direction === 'ingress'
    ? sourcePort === server && port === client
    : sourcePort === client && port === server;
}

/** fe80::/10, or no address yet. */
function isOfLink(source: Uint8Array): boolean {
  const [a = 0, b = 0] = source;
  return (a === 0xfe && (b & 0xc0) === 0x80) || source.every((byte) => byte === 0);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
