// SPDX-License-Identifier: Apache-2.0
// Ethernet frames for the policy's programs, byte by byte.
import { parseIp } from '../../src/base/ip.ts';

export interface FrameSpec {
  readonly source: string;
  readonly destination: string;
  /** Number of the IP protocol. */
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly port?: number;
  /** Of TCP; by default SYN. */
  readonly flags?: number;
  readonly type?: number;
  readonly code?: number;
  /** Identifier of an echo. */
  readonly id?: number;
  /** What is behind the transport header. */
  readonly payload?: Uint8Array;
  readonly ttl?: number;
  /** Tags, outermost first: [ethertype, id]. */
  readonly tags?: readonly (readonly [number, number])[];
  readonly macs?: { readonly from: string; readonly to: string };
  /** Headers of extension between that of IPv6 and the transport's. */
  readonly extensions?: readonly Extension[];
  /** Fragment: offset in bytes, and whether more follow; `part` replaces everything behind the network's header. */
  readonly fragment?: {
    readonly id: number;
    readonly offset: number;
    readonly more: boolean;
    readonly part?: Uint8Array;
  };
}

/** A header of extension of IPv6: its own number and its bytes but for the first, which names the next. */
export interface Extension {
  readonly next: number;
  readonly rest: Uint8Array;
}

const [TCP, UDP, SCTP] = [6, 17, 132];
const MACS = { from: '02:00:00:00:00:01', to: '02:00:00:00:00:02' };

const bytesOfMac = (mac: string) => mac.split(':').map((byte) => Number.parseInt(byte, 16));
const u16 = (value: number) => [value >>> 8, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** An extension of 8 bytes times `units` that says nothing (hop-by-hop 0, routing 43, destination 60). */
export function extension(next: number, units = 1): Extension {
  return { next, rest: Uint8Array.from([units - 1, 1, units * 8 - 4, ...new Array(units * 8 - 4).fill(0)]) };
}

/** The transport's header and payload. */
export function transport(spec: FrameSpec): Uint8Array {
  const { protocol, sourcePort = 0, port = 0, flags = 2, type = 0, code = 0, id = 1 } = spec;
  const payload = spec.payload ?? new Uint8Array(8);
  const ports = [...u16(sourcePort), ...u16(port)];
  switch (protocol) {
    case TCP:
      return Uint8Array.from([
        ...ports,
        ...u32(1),
        ...u32(1),
        0x50,
        flags,
        ...u16(1000),
        0,
        0,
        0,
        0,
        ...payload,
      ]);
    case UDP:
      return Uint8Array.from([...ports, ...u16(8 + payload.length), 0, 0, ...payload]);
    case SCTP:
      return Uint8Array.from([...ports, ...u32(1), ...u32(0), ...payload]);
    case 1:
    case 58:
      return Uint8Array.from([type, code, 0, 0, ...u16(id), ...u16(1), ...payload]);
    default:
      return payload;
  }
}

/** A frame with right lengths and checksums of IPv4. */
export function frame(spec: FrameSpec): Uint8Array {
  const packet = ipPacket(spec);
  const { from, to } = spec.macs ?? MACS;
  const type = parseIp(spec.source).length === 4 ? 0x0800 : 0x86dd;
  const tags = (spec.tags ?? []).flatMap(([ethertype, id]) => [...u16(ethertype), ...u16(id)]);
  return Uint8Array.from([...bytesOfMac(to), ...bytesOfMac(from), ...tags, ...u16(type), ...packet]);
}

/** From the network's header on. */
export function ipPacket(spec: FrameSpec): Uint8Array {
  const [source, destination] = [parseIp(spec.source), parseIp(spec.destination)];
  const { protocol, ttl = 64, fragment, extensions = [] } = spec;
  const inner = fragment?.part ?? transport(spec);
  if (source.length === 4) {
    const offset = fragment === undefined ? 0 : (fragment.more ? 0x2000 : 0) | (fragment.offset >> 3);
    const header = Uint8Array.from([
      ...[0x45, 0, ...u16(20 + inner.length), ...u16(fragment?.id ?? 0), ...u16(offset), ttl, protocol, 0, 0],
      ...source,
      ...destination,
    ]);
    new DataView(header.buffer).setUint16(10, checksum(header));
    return Uint8Array.from([...header, ...inner]);
  }
  const chain: Extension[] = [...extensions];
  if (fragment !== undefined)
    chain.push({
      next: 44,
      rest: Uint8Array.from([0, ...u16(fragment.offset | (fragment.more ? 1 : 0)), ...u32(fragment.id)]),
    });
  const bytes = chain.flatMap(({ rest }, i) => [chain[i + 1]?.next ?? protocol, ...rest]);
  return Uint8Array.from([
    ...[0x60, 0, 0, 0, ...u16(bytes.length + inner.length), chain[0]?.next ?? protocol, ttl],
    ...source,
    ...destination,
    ...bytes,
    ...inner,
  ]);
}

/** The Internet checksum. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
