// SPDX-License-Identifier: Apache-2.0
// The datapath's maps as plain values, and its way through them: what the program does in the kernel, in a few lines.

import type {
  EndpointRecord,
  MapChanges,
  PortSegment,
  RuleRecord,
  Segment,
  SetRecord,
  V6Prefix,
  VerdictRecord,
} from '../../src/policy/compiled.ts';
import { portKey, V4_KIND, V4_LINE_WORDS } from '../../src/policy/compiled.ts';
import { alwaysPasses, type PolicyPacket, sameBytes } from '../../src/policy/packet.ts';

/** What the maps say about a packet. */
export interface MapVerdict {
  readonly rule: number;
  readonly auditRule: number;
}

/** Passed without asking. */
export const PASSED: MapVerdict = { rule: -1, auditRule: -1 };

/** Records that are looked up by number, which both epochs share. */
export class Arrays {
  /** Words of lines; two records are one of them each. */
  readonly v4: number[] = [];
  readonly portKeys: number[] = [];
  readonly portVerdicts: number[] = [];
  readonly verdicts: VerdictRecord[] = [];
  readonly rules: RuleRecord[] = [];

  write({ v4Segments, ports, verdicts, rules }: MapChanges): void {
    for (const { first, words } of v4Segments)
      for (const [i, one] of words.entries()) this.v4[first * 2 + i] = one;
    for (const one of ports) this.#writePorts(one);
    for (const one of verdicts) this.verdicts[one.verdict] = one;
    for (const one of rules) this.rules[one.rule] = one;
  }

  #writePorts({ first, keys, verdicts }: PortSegment): void {
    for (const [i, key] of keys.entries()) {
      this.portKeys[first + i] = key;
      this.portVerdicts[first + i] = verdicts[i] as number;
    }
  }
}

/** The maps of one epoch. */
export class MapStore {
  readonly arrays: Arrays;
  readonly endpoints = new Map<number, EndpointRecord>();
  readonly roots = new Map<number, number>();
  readonly v6 = new Map<string, V6Prefix>();
  readonly peers = new Map<string, Segment>();
  readonly sets = new Map<number, SetRecord>();

  constructor(arrays: Arrays) {
    this.arrays = arrays;
  }

  /** Take changes in. Prefixes of IPv6 must have given before what the changes say that they gave. */
  apply(changes: MapChanges): void {
    for (const one of [...changes.v6, ...changes.v6Gone]) this.#checkBefore(one);
    for (const one of changes.endpoints) this.endpoints.set(one.endpoint, one);
    for (const one of changes.endpointsGone) this.endpoints.delete(one);
    for (const { block, node } of changes.v4Roots) this.roots.set(block, node);
    for (const one of changes.v6) this.v6.set(v6Key(one), one);
    for (const one of changes.v6Gone) this.v6.delete(v6Key(one));
    for (const one of changes.v6Gone) this.#checkGone(one);
    for (const { set, identity, first, count } of changes.peers)
      this.peers.set(`${set} ${identity}`, { first, count });
    for (const { set, identity } of changes.peersGone) this.peers.delete(`${set} ${identity}`);
    for (const one of changes.sets) this.sets.set(one.set, one);
    for (const one of changes.setsGone) this.sets.delete(one);
  }

  #checkBefore(one: V6Prefix): void {
    const before = this.#v6(one.address, one.length);
    if (before !== one.before) throw new Error(`${v6Key(one)} gave ${before}, not ${one.before}`);
  }

  #checkGone(one: V6Prefix): void {
    const now = this.#v6(one.address, one.length);
    if (now !== one.identity) throw new Error(`${v6Key(one)} is gone and gives ${now}, not ${one.identity}`);
  }

  /** The numbers of the deciding rules for a packet that enters (`ingress`) or leaves an endpoint. */
  judge(endpoint: number, direction: 'ingress' | 'egress', packet: PolicyPacket): MapVerdict {
    const place = this.endpoints.get(endpoint);
    if (place === undefined) return PASSED;
    if (sameBytes(packet.source, packet.destination)) return PASSED;
    if (alwaysPasses(place.host ? 'host' : 'workload', direction, packet)) return PASSED;
    const set = direction === 'ingress' ? place.ingressSet : place.egressSet;
    if (set === 0) return PASSED;
    const remote = direction === 'ingress' ? packet.source : packet.destination;
    const segment = this.#segment(set, this.identity(remote), remote.length);
    const low =
      packet.protocol === 1 || packet.protocol === 58 ? packet.type * 256 + packet.code : packet.port;
    return this.#verdict(this.#lookUp(segment, portKey(packet.protocol, low)), packet.flags);
  }

  #segment(set: number, identity: number, family: number): Segment {
    const own = identity === 0 ? undefined : this.peers.get(`${set} ${identity}`);
    if (own !== undefined && own.count > 0) return own;
    const record = this.sets.get(set);
    if (record === undefined) throw new Error(`there is no set ${set}`);
    return family === 4 ? record.v4 : record.v6;
  }

  identity(address: Uint8Array): number {
    return address.length === 4 ? this.#v4(address) : this.#v6(address, 128);
  }

  #v4(address: Uint8Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    const { v4 } = this.arrays;
    let [node, line, low, size] = [this.roots.get(a * 256 + b) ?? 0, 0, c * 256 + d, 65_536];
    let kind: number;
    for (;;) {
      const first = Math.floor(node / 256);
      kind = Math.floor(node / 4) % 4;
      if (kind === V4_KIND.same) return first;
      line += first;
      if (kind !== V4_KIND.split) break;
      size /= 16;
      const at = line * V4_LINE_WORDS + Math.floor(low / size) * 2;
      node = (v4[at] as number) + (v4[at + 1] as number) * 65_536;
      low %= size;
    }
    if (kind === V4_KIND.prefixes)
      return amongPrefixes(v4.slice(line * V4_LINE_WORDS, (line + 1) * V4_LINE_WORDS), low);
    const [addresses, palette] = [2 ** (Math.floor(node / 16) % 16), 2 ** ((node % 4) + 1)];
    const bucket = (line + Math.floor(low / addresses)) * V4_LINE_WORDS;
    const runs = v4.slice(bucket + palette, bucket + V4_LINE_WORDS);
    if (Math.floor((runs[0] as number) / palette) !== 0)
      throw new Error(`the bucket at ${bucket} does not begin with 0`);
    const run = runs.findLast((one) => Math.floor(one / palette) <= low % addresses) as number;
    return v4[bucket + (run % palette)] as number;
  }

  #v6(address: Uint8Array, most: number): number {
    for (let length = most; length > 0; length--) {
      const found = this.v6.get(v6Key({ address, length }));
      if (found !== undefined) return found.identity;
    }
    return 0;
  }

  #lookUp({ first, count }: Segment, key: number): number {
    const { portKeys, portVerdicts } = this.arrays;
    if (portKeys[first] !== 0) throw new Error(`the segment at ${first} does not begin with 0`);
    return portVerdicts[lastNotAbove(portKeys, first, count, key)] as number;
  }

  #verdict(number: number, flags: number): MapVerdict {
    let verdict = this.arrays.verdicts[number];
    for (let i = 0; i < 8 && verdict !== undefined; i++) {
      if ((flags & verdict.tcpMask) === verdict.tcpValue) return verdict;
      verdict = this.arrays.verdicts[verdict.next];
    }
    throw new Error(`the chain of the verdict ${number} does not end`);
  }
}

function lastNotAbove(values: readonly number[], first: number, count: number, value: number): number {
  let found = first;
  for (let i = first; i < first + count; i++) if ((values[i] as number) <= value) found = i;
  return found;
}

function v6Key({ address, length }: Pick<V6Prefix, 'address' | 'length'>): string {
  const bits = Array.from(address, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return `${bits.slice(0, length)}/${length}`;
}

/** What a line of prefixes says of an address of its block: all of them are looked at. */
function amongPrefixes(line: readonly number[], low: number): number {
  const isIn = (first: number, i: number) => {
    const size = 2 ** (((line[24 + Math.floor(i / 4)] as number) >> ((i % 4) * 4)) & 15);
    return low >= first && low < first + size;
  };
  return line[line.slice(0, 24).some(isIn) ? 31 : 30] as number;
}
