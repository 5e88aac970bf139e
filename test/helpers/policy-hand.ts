// SPDX-License-Identifier: Apache-2.0
// Compiled policies by hand, for tests of the datapath that want to say exactly what is in the maps.
import { parseIp } from '../../src/base/ip.ts';
import { nodeAt, packV4 } from '../../src/policy/compile/v4-lines.ts';
import {
  type CompiledPolicy,
  type EndpointRecord,
  type MapChanges,
  type PeerRecord,
  type PortSegment,
  portKey,
  type RuleRecord,
  type SetRecord,
  V4_LINE_RECORDS,
  type V6Prefix,
  type VerdictRecord,
} from '../../src/policy/compiled.ts';

/** A rule: who and which port, and what becomes of it. */
export interface HandRule extends Partial<Omit<RuleRecord, 'rule' | 'action' | 'origin'>> {
  /** A remote address; absent: everybody. */
  readonly peer?: string;
  /** Number of the IP protocol; absent: everything. */
  readonly protocol?: number;
  /** Port, or type << 8 | code. */
  readonly port?: number;
  readonly action: RuleRecord['action'];
  /** TCP flags; other packets are denied. */
  readonly flags?: { readonly mask: number; readonly value: number };
  /** The action that a policy in audit mode would have. */
  readonly audit?: RuleRecord['action'];
}

/** What an endpoint isolates: the rules of a direction; absent: nothing is said of it. */
export interface HandEndpoint {
  readonly host?: boolean;
  /** Of a host: what is denied for certain is dropped at XDP. */
  readonly early?: boolean;
  readonly ingress?: readonly HandRule[];
  readonly egress?: readonly HandRule[];
}

const ORIGIN = { policy: '', direction: '', index: 0 } as const;
/** Room for the records of one epoch; the next one's stand in the other half. */
const HALF = 1024;

/** Sizes of maps that hold every hand-made policy. */
export const HAND_SIZES = {
  endpoints: 64,
  v4: 2 * HALF,
  v6: 256,
  peers: 256,
  sets: 256,
  ports: 2 * HALF,
  verdicts: 2 * HALF,
  rules: 2 * HALF,
  counters: 2 * HALF,
};

/** Whole contents for these endpoints, by their number from 1 on. Counters are the numbers of the rules of even epochs. */
export function handPolicy(epoch: number, endpoints: Readonly<Record<number, HandEndpoint>>): CompiledPolicy {
  const out = new Hand(epoch);
  for (const [number, endpoint] of Object.entries(endpoints)) out.endpoint(Number(number), endpoint);
  return out.compiled();
}

/** An endpoint, and whether it wants XDP. */
export interface HandRecord extends EndpointRecord {
  readonly early: boolean;
}

class Hand {
  readonly #epoch: number;
  readonly #base: number;
  readonly #identities = new Map<string, number>();
  readonly #endpoints: HandRecord[] = [];
  readonly #peers: PeerRecord[] = [];
  readonly #sets: SetRecord[] = [];
  readonly #ports: PortSegment[] = [];
  readonly #verdicts: VerdictRecord[] = [];
  readonly #rules: RuleRecord[] = [];
  #port: number;

  constructor(epoch: number) {
    this.#epoch = epoch;
    this.#base = (epoch & 1) * HALF;
    this.#port = this.#base;
    for (const [rule, action] of [
      [0, 'deny'],
      [1, 'allow'],
    ] as const) {
      this.#rules.push({ rule, action, counter: rule, keepEstablished: false, origin: ORIGIN });
      this.#verdicts.push(plainVerdict(this.#base + rule, rule, rule));
    }
  }

  endpoint(endpoint: number, { host = false, early = false, ingress, egress }: HandEndpoint): void {
    const set = (rules: readonly HandRule[] | undefined, direction: 'ingress' | 'egress') =>
      rules === undefined ? 0 : this.#set(endpoint * 2 + (direction === 'ingress' ? 0 : 1), direction, rules);
    this.#endpoints.push({
      endpoint,
      key: `hand/${endpoint}`,
      ingressSet: set(ingress, 'ingress'),
      egressSet: set(egress, 'egress'),
      host,
      early,
    } as HandRecord);
  }

  #set(set: number, direction: 'ingress' | 'egress', rules: readonly HandRule[]): number {
    const general = rules.filter(({ peer }) => peer === undefined);
    const segment = this.#segment(general);
    this.#sets.push({ set, direction, v4: segment, v6: segment, strict: true });
    for (const peer of new Set(rules.flatMap((rule) => rule.peer ?? []))) {
      const own = rules.filter((rule) => rule.peer === undefined || rule.peer === peer);
      this.#peers.push({ set, identity: this.#identity(peer), ...this.#segment(own) });
    }
    return set;
  }

  #identity(address: string): number {
    const known = this.#identities.get(address) ?? this.#identities.size + 1;
    this.#identities.set(address, known);
    return known;
  }

  /** Rules in order, each a range of keys; the first that matches wins. */
  #segment(rules: readonly HandRule[]) {
    const ranges = rules.map((rule) => ({ rule, verdict: this.#verdict(rule), range: rangeOf(rule) }));
    const keys = [...new Set([0, ...ranges.flatMap(({ range }) => range)])].sort((a, b) => a - b);
    const denied = this.#base;
    const verdicts = keys.map(
      (key) => ranges.find(({ range: [from, to] }) => from <= key && key < to)?.verdict ?? denied,
    );
    const first = this.#port;
    this.#ports.push({ first, keys: Uint32Array.from(keys), verdicts: Uint32Array.from(verdicts) });
    this.#port += keys.length;
    return { first, count: keys.length };
  }

  #verdict(rule: HandRule): number {
    const number = this.#rule(rule);
    const verdict = this.#base + this.#verdicts.length;
    const auditRule = rule.audit === undefined ? number : this.#rule({ ...rule, action: rule.audit });
    const flags = rule.flags;
    this.#verdicts.push({
      ...plainVerdict(verdict, number, auditRule),
      ...(flags && { tcpMask: flags.mask, tcpValue: flags.value, next: this.#base }),
    });
    return verdict;
  }

  #rule({ peer: _p, protocol: _q, port: _r, flags: _f, audit: _a, ...rest }: HandRule): number {
    const rule = this.#base + this.#rules.length;
    this.#rules.push({ keepEstablished: false, origin: ORIGIN, counter: rule, ...rest, rule });
    return rule;
  }

  compiled(): CompiledPolicy {
    const contents: MapChanges = {
      endpoints: this.#endpoints,
      endpointsGone: [],
      ...this.#addresses(),
      v6Gone: [],
      peers: this.#peers,
      peersGone: [],
      sets: this.#sets,
      setsGone: [],
      ports: this.#ports,
      verdicts: this.#verdicts,
      rules: this.#rules,
      countersNew: [],
    };
    const rules = this.#rules;
    return {
      epoch: this.#epoch,
      changes: contents,
      contents: () => contents,
      sizes: HAND_SIZES,
      overlong: false,
      relations: { selected: () => [], applied: () => [] },
      endpoint: (key) => this.#endpoints.find((one) => one.key === key),
      rule: (number) => rules.find((one) => one.rule === number),
      rules: () => rules,
    } as CompiledPolicy;
  }

  #addresses(): Pick<MapChanges, 'v4Segments' | 'v4Roots' | 'v6'> {
    const blocks = new Map<number, Map<number, number>>();
    const v6: V6Prefix[] = [];
    for (const [text, identity] of this.#identities) {
      const address = parseIp(text);
      if (address.length === 16) {
        v6.push({ address, length: 128, identity, before: 0 });
        continue;
      }
      const [a = 0, b = 0, c = 0, d = 0] = address;
      const block = blocks.get(a * 256 + b) ?? new Map<number, number>();
      block.set(c * 256 + d, identity);
      blocks.set(a * 256 + b, block);
    }
    let first = this.#base;
    const packed = [...blocks].map(([block, members]) => {
      const marks = new Map<number, number>([[0, 0]]);
      for (const low of members.keys()) if (!members.has(low + 1)) marks.set(low + 1, 0);
      for (const [low, identity] of members) marks.set(low, identity);
      const sorted = [...marks].sort(([x], [y]) => x - y);
      const at = first;
      const { node, words } = packV4({
        low: Uint16Array.from(sorted.map(([low]) => low)),
        identity: Uint32Array.from(sorted.map(([, identity]) => identity)),
      });
      first += words.length / 2;
      return { block, first: at, node: nodeAt(node, at / V4_LINE_RECORDS), words, most: 0 };
    });
    return {
      v4Segments: packed,
      v4Roots: packed,
      v6,
    };
  }
}

function plainVerdict(verdict: number, rule: number, auditRule: number): VerdictRecord {
  return { verdict, rule, auditRule, tcpMask: 0, tcpValue: 0, next: 0 };
}

function rangeOf({ protocol, port }: HandRule): readonly [number, number] {
  if (protocol === undefined) return [0, 0xffffffff];
  if (port !== undefined) return [portKey(protocol, port), portKey(protocol, port) + 1];
  const first = portKey(protocol, 0);
  return protocol === 6 || protocol === 17 || protocol === 132 || protocol === 1 || protocol === 58
    ? [first, first + 65_536]
    : [first, first + 1];
}
