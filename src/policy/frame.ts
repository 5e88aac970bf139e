// SPDX-License-Identifier: Apache-2.0
// Packets as policies see them, and the frames that they stand in.
import type { PolicyPacket } from './packet.ts';

const ETHERNET = 14;
const [IPV4, IPV6] = [0x0800, 0x86dd];
const VLAN: readonly number[] = [0x8100, 0x88a8, 0x9100];
const EXTENSIONS: readonly number[] = [0, 43, 60, 135];
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const [ICMP, TCP, UDP, SCTP, ICMPV6] = [1, 6, 17, 132, 58];
/** Headers of IPv6 that are looked through. */
const MOST_EXTENSIONS = 8;

/** Protocols with ports in their first four bytes. */
export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP;
}

/** Why nothing can be said of a frame. */
export interface Unread {
  readonly problem: string;
}

/** What an Ethernet frame holds. A later fragment, and what is cut off, has no ports to judge by. */
export function readFrame(frame: Uint8Array): PolicyPacket | Unread {
  if (frame.length < ETHERNET) return { problem: 'cut off' };
  let at = 12;
  for (let tags = 0; tags < 2 && VLAN.includes(u16(frame, at)); tags++) at += 4;
  return readNetwork(frame, at + 2, u16(frame, at));
}

/** The same of a packet without a link header. */
export function readPacket(bytes: Uint8Array): PolicyPacket | Unread {
  return readNetwork(bytes, 0, (bytes[0] ?? 0) >> 4 === 6 ? IPV6 : IPV4);
}

/** Bytes of the header that captures of all devices have instead of Ethernet's (LINKTYPE_LINUX_SLL2). */
const COOKED = 20;

/** Read a packet behind such a header. */
export function readCooked(bytes: Uint8Array): PolicyPacket | Unread {
  const [high = 0, low = 0] = bytes;
  if (bytes.length < COOKED) return { problem: 'cut off' };
  return readNetwork(bytes, COOKED, (high << 8) | low);
}

function readNetwork(bytes: Uint8Array, at: number, type: number): PolicyPacket | Unread {
  if (type === IPV4) return readV4(bytes, at);
  if (type === IPV6) return readV6(bytes, at);
  return { problem: 'not IP: policies have no say' };
}

function readV4(bytes: Uint8Array, at: number): PolicyPacket | Unread {
  const header = ((bytes[at] ?? 0) & 15) * 4;
  if (at + 20 > bytes.length || header < 20 || at + header > bytes.length) return { problem: 'cut off' };
  if ((u16(bytes, at + 6) & 0x1fff) !== 0) return { problem: 'a later fragment: it follows the first one' };
  const [source, destination] = [bytes.slice(at + 12, at + 16), bytes.slice(at + 16, at + 20)];
  return readTransport(bytes, at + header, bytes[at + 9] ?? 0, source, destination);
}

function readV6(bytes: Uint8Array, at: number): PolicyPacket | Unread {
  if (at + 40 > bytes.length) return { problem: 'cut off' };
  const [source, destination] = [bytes.slice(at + 8, at + 24), bytes.slice(at + 24, at + 40)];
  let protocol = bytes[at + 6] ?? 0;
  let next = at + 40;
  for (let count = 0; count < MOST_EXTENSIONS; count++) {
    if (!EXTENSIONS.includes(protocol) && protocol !== FRAGMENT && protocol !== AUTHENTICATION) break;
    if (next + 8 > bytes.length) return { problem: 'cut off' };
    if (protocol === FRAGMENT && (u16(bytes, next + 2) & 0xfff8) !== 0)
      return { problem: 'a later fragment: it follows the first one' };
    const length = bytes[next + 1] ?? 0;
    const size =
      protocol === FRAGMENT ? 8 : protocol === AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
    protocol = bytes[next] ?? 0;
    next += size;
  }
  return readTransport(bytes, next, protocol, source, destination);
}

function readTransport(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  source: Uint8Array,
  destination: Uint8Array,
): PolicyPacket | Unread {
  const base = { source, destination, protocol, sourcePort: 0, port: 0, type: 0, code: 0, flags: 0 };
  if (hasPorts(protocol)) {
    if (at + (protocol === TCP ? 20 : 8) > bytes.length) return { problem: 'cut off' };
    const flags = protocol === TCP ? (bytes[at + 13] ?? 0) : 0;
    return { ...base, sourcePort: u16(bytes, at), port: u16(bytes, at + 2), flags };
  }
  if (protocol !== ICMP && protocol !== ICMPV6) return base;
  if (at + 8 > bytes.length) return { problem: 'cut off' };
  return { ...base, type: bytes[at] ?? 0, code: bytes[at + 1] ?? 0 };
}

/** A frame that holds such a packet, with right checksums of IP and none of what is inside. */
export function frameOf(packet: PolicyPacket): Uint8Array {
  const inside = transportOf(packet);
  const isV4 = packet.source.length === 4;
  const header = isV4 ? headerV4(packet, inside.length) : headerV6(packet, inside.length);
  const frame = new Uint8Array(ETHERNET + header.length + inside.length);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  put16(frame, 12, isV4 ? IPV4 : IPV6);
  frame.set(header, ETHERNET);
  frame.set(inside, ETHERNET + header.length);
  return frame;
}

function headerV4({ source, destination, protocol }: PolicyPacket, size: number): Uint8Array {
  const header = new Uint8Array(20);
  header[0] = 0x45;
  put16(header, 2, 20 + size);
  header[8] = 64;
  header[9] = protocol;
  header.set(source, 12);
  header.set(destination, 16);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += u16(header, at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  put16(header, 10, ~sum & 0xffff);
  return header;
}

function headerV6({ source, destination, protocol }: PolicyPacket, size: number): Uint8Array {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  put16(header, 4, size);
  header[6] = protocol;
  header[7] = 64;
  header.set(source, 8);
  header.set(destination, 24);
  return header;
}

function transportOf({ protocol, sourcePort, port, type, code, flags }: PolicyPacket): Uint8Array {
  if (protocol === ICMP || protocol === ICMPV6) return Uint8Array.of(type, code, 0, 0, 0, 1, 0, 1);
  if (!hasPorts(protocol)) return new Uint8Array(16);
  const bytes = new Uint8Array(protocol === TCP ? 20 : protocol === SCTP ? 16 : 8);
  put16(bytes, 0, sourcePort);
  put16(bytes, 2, port);
  if (protocol === TCP) {
    bytes[12] = 0x50;
    bytes[13] = flags;
    put16(bytes, 14, 65_535);
  } else if (protocol === UDP) put16(bytes, 4, 8);
  else {
    // an INIT chunk without anything
    bytes[12] = 1;
    bytes[15] = 4;
  }
  return bytes;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}
