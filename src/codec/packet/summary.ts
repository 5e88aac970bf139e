// SPDX-License-Identifier: Apache-2.0
// A packet in one line, in the words of tcpdump.
import { renderIp, renderMac } from '../../base/ip.ts';
import { LINK_TYPE } from '../pcapng.ts';

/** The bytes of a packet from `at` on, of which some may be missing. */
class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  has(size: number): boolean {
    return this.at + size <= this.bytes.length;
  }

  u8(offset: number): number {
    return this.#view.getUint8(this.at + offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(this.at + offset);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.at + offset);
  }

  slice(offset: number, size: number): Uint8Array {
    return this.bytes.subarray(this.at + offset, this.at + offset + size);
  }
}

const CUT = '[cut off]';
const ETHERNET_HEADER = 14;
const VLAN: readonly number[] = [0x8100, 0x88a8];

/** @param length Bytes that the packet had, of which `data` are the first. */
export function packetSummary(data: Uint8Array, linkType: number, length: number): string {
  const cursor = new Cursor(data);
  if (linkType === LINK_TYPE.ethernet) return ethernet(cursor, length);
  if (linkType !== LINK_TYPE.raw) return `link type ${linkType}, length ${length}`;
  return cursor.has(1) ? network(cursor, cursor.u8(0) >> 4 === 6 ? 0x86dd : 0x0800, length) : CUT;
}

function ethernet(cursor: Cursor, length: number): string {
  if (!cursor.has(ETHERNET_HEADER)) return CUT;
  const [to, from] = [renderMac(cursor.slice(0, 6)), renderMac(cursor.slice(6, 6))];
  let type = cursor.u16(12);
  let tags = '';
  cursor.at += ETHERNET_HEADER;
  for (; VLAN.includes(type) && cursor.has(4); cursor.at += 4) {
    tags += `vlan ${cursor.u16(0) & 0xfff}, `;
    type = cursor.u16(2);
  }
  const inside = network(cursor, type, length);
  return type in NETWORKS ? `${tags}${inside}` : `${from} > ${to}, ${tags}${inside}`;
}

const NETWORKS: Readonly<Record<number, (cursor: Cursor, length: number) => string>> = {
  2048: ipv4,
  34525: ipv6,
  2054: arp,
};

function network(cursor: Cursor, type: number, length: number): string {
  const known = NETWORKS[type];
  if (known !== undefined) return known(cursor, length);
  if (type < 0x600) return `802.3, length ${length}`;
  return `ethertype 0x${type.toString(16).padStart(4, '0')}, length ${length}`;
}

function arp(cursor: Cursor): string {
  if (!cursor.has(28)) return `ARP ${CUT}`;
  const operation = cursor.u16(6);
  const [sender, target] = [renderIp(cursor.slice(14, 4)), renderIp(cursor.slice(24, 4))];
  if (operation === 1) return `ARP, Request who-has ${target} tell ${sender}`;
  if (operation === 2) return `ARP, Reply ${sender} is-at ${renderMac(cursor.slice(8, 6))}`;
  return `ARP, operation ${operation}`;
}

function ipv4(cursor: Cursor): string {
  if (!cursor.has(20)) return `IP ${CUT}`;
  const header = (cursor.u8(0) & 15) * 4;
  const total = cursor.u16(2);
  const [from, to] = [renderIp(cursor.slice(12, 4)), renderIp(cursor.slice(16, 4))];
  const protocol = cursor.u8(9);
  const fragment = cursor.u16(6) & 0x1fff;
  if (fragment > 0) return `IP ${from} > ${to}: fragment at ${fragment * 8}, length ${total - header}`;
  cursor.at += Math.max(header, 20);
  return transport(cursor, { name: 'IP', from, to, protocol, length: Math.max(0, total - header) });
}

const EXTENSIONS: readonly number[] = [0, 43, 60];

function ipv6(cursor: Cursor): string {
  if (!cursor.has(40)) return `IP6 ${CUT}`;
  let length = cursor.u16(4);
  let protocol = cursor.u8(6);
  const [from, to] = [renderIp(cursor.slice(8, 16)), renderIp(cursor.slice(24, 16))];
  cursor.at += 40;
  while (EXTENSIONS.includes(protocol) && cursor.has(8)) {
    const size = (cursor.u8(1) + 1) * 8;
    protocol = cursor.u8(0);
    cursor.at += size;
    length -= size;
  }
  if (protocol === 44) return `IP6 ${from} > ${to}: fragment, length ${length}`;
  return transport(cursor, { name: 'IP6', from, to, protocol, length: Math.max(0, length) });
}

interface Segment {
  readonly name: 'IP' | 'IP6';
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  /** Bytes behind the header of IP. */
  readonly length: number;
}

function transport(cursor: Cursor, segment: Segment): string {
  const { name, from, to, protocol, length } = segment;
  if (protocol === 6) return tcp(cursor, segment);
  if (protocol === 17) return udp(cursor, segment);
  const place = `${name} ${from} > ${to}`;
  if (protocol === 1) return `${place}: ICMP ${icmp(cursor, ICMP)}, length ${length}`;
  if (protocol === 58) return `${place}: ICMP6 ${icmp(cursor, ICMP6)}, length ${length}`;
  return `${place}: protocol ${protocol}, length ${length}`;
}

const FLAGS = [
  [2, 'S'],
  [1, 'F'],
  [4, 'R'],
  [8, 'P'],
  [16, '.'],
  [32, 'U'],
  [64, 'E'],
  [128, 'W'],
] as const;

function tcp(cursor: Cursor, { name, from, to, length }: Segment): string {
  if (!cursor.has(20)) return `${name} ${from} > ${to}: tcp ${CUT}`;
  const header = (cursor.u8(12) >> 4) * 4;
  const bits = cursor.u8(13);
  const flags = FLAGS.map(([bit, letter]) => (bits & bit ? letter : '')).join('');
  const data = Math.max(0, length - header);
  const sequence = cursor.u32(4);
  const numbers =
    data > 0 || (bits & 7) !== 0 ? `, seq ${sequence}${data > 0 ? `:${sequence + data}` : ''}` : '';
  const ack = bits & 16 ? `, ack ${cursor.u32(8)}` : '';
  const ports = `${from}.${cursor.u16(0)} > ${to}.${cursor.u16(2)}`;
  return `${name} ${ports}: Flags [${flags || 'none'}]${numbers}${ack}, win ${cursor.u16(14)}, length ${data}`;
}

function udp(cursor: Cursor, { name, from, to }: Segment): string {
  if (!cursor.has(8)) return `${name} ${from} > ${to}: udp ${CUT}`;
  const data = Math.max(0, cursor.u16(4) - 8);
  return `${name} ${from}.${cursor.u16(0)} > ${to}.${cursor.u16(2)}: UDP, length ${data}`;
}

const ICMP: Readonly<Record<number, string>> = {
  0: 'echo reply',
  3: 'unreachable',
  5: 'redirect',
  8: 'echo request',
  11: 'time exceeded',
};
const ICMP6: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbor solicitation',
  136: 'neighbor advertisement',
  143: 'multicast listener report v2',
};
const ECHO = ['echo request', 'echo reply'];

function icmp(cursor: Cursor, names: Readonly<Record<number, string>>): string {
  if (!cursor.has(8)) return CUT;
  const name = names[cursor.u8(0)] ?? `type ${cursor.u8(0)}`;
  if (ECHO.includes(name)) return `${name}, id ${cursor.u16(4)}, seq ${cursor.u16(6)}`;
  return cursor.u8(1) === 0 ? name : `${name}, code ${cursor.u8(1)}`;
}
