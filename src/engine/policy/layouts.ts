// SPDX-License-Identifier: Apache-2.0
// What is compiled, as the bytes of ebpf/policy/policy.h.
import { WeirError } from '../../base/errors.ts';
import { type Wire, wireOf } from '../../base/wire.ts';
import {
  type PeerRecord,
  type PortSegment,
  type RuleRecord,
  type Segment,
  type SetRecord,
  V4_LINE_RECORDS,
  V4_LINE_WORDS,
  V4_ROOT_BLOCKS,
  type V4Segment,
  type V6Prefix,
  type VerdictRecord,
} from '../../policy/compiled.ts';
import {
  encodePolicyNearPeer,
  encodePolicyNearPlace,
  encodePolicyPeer,
  encodePolicyPeerKey,
  encodePolicyPlace,
  encodePolicyPlaceKey,
  encodePolicyRule,
  encodePolicySet,
  encodePolicyV4Root,
  encodePolicyV6,
  encodePolicyV6Key,
  encodePolicyVerdict,
  POLICY_ACTION,
  POLICY_NEAR_PEER_SIZE,
  POLICY_NEAR_PLACE_SIZE,
  POLICY_PEER_KEY_SIZE,
  POLICY_PEER_SIZE,
  POLICY_PLACE_KEY_SIZE,
  POLICY_PLACE_SIZE,
  POLICY_PORT_SIZE,
  POLICY_RULE_SIZE,
  POLICY_SET_SIZE,
  POLICY_V4_ROOT_SIZE,
  POLICY_V4_SIZE,
  POLICY_V6_KEY_SIZE,
  POLICY_V6_SIZE,
  POLICY_VERDICT_SIZE,
  type PolicyPeerKey,
  type PolicyPlaceKey,
  type PolicyPlaceSlot,
  type PolicySetSlot,
  type PolicyV4Nodes,
} from '../../programs/generated/policy.ts';
import type { Entries, SlottedLayout } from './slotted.ts';

/** Bits of struct policy_place_slot and struct policy_rule. */
export const PLACE_FLAG = { host: 1, l3: 2 } as const;
const RULE_FLAG = { keep: 1, mark: 2, limit: 4, perSource: 8, bytes: 16 } as const;

/** The largest identity that a line of IPv4 addresses names. */
const MAX_V4_IDENTITY = 0xffff;
/** Of the array of places (POLICY_NEAR_PLACES). */
const NEAR_PLACES = 1024;
/** Of the array of peers (POLICY_NEAR_PEERS). */
const MOST_NEAR_PEERS = 16_384;

export const NO_NODES: PolicyV4Nodes = { node: new Array<number>(V4_ROOT_BLOCKS).fill(0) };
export const NO_SEGMENT: Segment = { first: 0, count: 0 };
export const NO_PLACE: PolicyPlaceSlot = { endpoint: 0, set: [0, 0], flags: 0 };
export const NO_PLACE_KEY: PolicyPlaceKey = { space: 0, ifindex: 0 };
export const NO_PEER_KEY: PolicyPeerKey = { set: 0, identity: 0 };
export const EMPTY_SET: PolicySetSlot = { v4: NO_SEGMENT, v6: NO_SEGMENT, strict: 0 };

const u32Key = (wire: Wire, at: number, key: number) => wire.view.setUint32(at, key, true);
const sameSegment = (a: Segment, b: Segment) => a.first === b.first && a.count === b.count;

/** The nodes of so many blocks on end, by the number of the first one divided by that. */
export const ROOTS: SlottedLayout<number, PolicyV4Nodes> = {
  keySize: 4,
  valueSize: POLICY_V4_ROOT_SIZE,
  id: (group) => group,
  same: (a, b) => a.node.every((one, i) => one === b.node[i]),
  writeKey: u32Key,
  writeValue: (wire, at, slot) => encodePolicyV4Root(wire, at, { slot }),
};

export const PEERS: SlottedLayout<PolicyPeerKey, Segment> = {
  keySize: POLICY_PEER_KEY_SIZE,
  valueSize: POLICY_PEER_SIZE,
  id: ({ set, identity }) => set * 2 ** 32 + identity,
  same: sameSegment,
  writeKey: encodePolicyPeerKey,
  writeValue: (wire, at, slot) => encodePolicyPeer(wire, at, { slot }),
};

/** The rules for a peer in the array of peers. */
export interface NearPeer {
  readonly key: PolicyPeerKey;
  readonly segment: Segment;
}

export const NEAR_PEERS: SlottedLayout<number, NearPeer> = {
  keySize: 4,
  valueSize: POLICY_NEAR_PEER_SIZE,
  id: (index) => index,
  same: (a, b) => PEERS.id(a.key) === PEERS.id(b.key) && sameSegment(a.segment, b.segment),
  writeKey: u32Key,
  writeValue: (wire, at, [a, b]) => {
    // as of places
    const { key } = a.key.set === 0 ? b : a;
    encodePolicyNearPeer(wire, at, { key, slot: [a.segment, b.segment] });
  },
};

/** policy_peer_index() of the programs. */
export function nearPeerIndex({ set, identity }: PolicyPeerKey): number {
  return ((identity + Math.imul(set, 37)) >>> 0) % MOST_NEAR_PEERS;
}

export const SETS: SlottedLayout<number, PolicySetSlot> = {
  keySize: 4,
  valueSize: POLICY_SET_SIZE,
  id: (set) => set,
  same: (a, b) => sameSegment(a.v4, b.v4) && sameSegment(a.v6, b.v6) && a.strict === b.strict,
  writeKey: u32Key,
  writeValue: (wire, at, slot) => encodePolicySet(wire, at, { slot }),
};

export const PLACES: SlottedLayout<PolicyPlaceKey, PolicyPlaceSlot> = {
  keySize: POLICY_PLACE_KEY_SIZE,
  valueSize: POLICY_PLACE_SIZE,
  id: ({ space, ifindex }) => space * 2 ** 21 + ifindex,
  same: (a, b) =>
    a.endpoint === b.endpoint && a.set[0] === b.set[0] && a.set[1] === b.set[1] && a.flags === b.flags,
  writeKey: encodePolicyPlaceKey,
  writeValue: (wire, at, slot) => encodePolicyPlace(wire, at, { slot }),
};

/** A place in the array of places. */
export interface NearPlace {
  readonly key: PolicyPlaceKey;
  readonly slot: PolicyPlaceSlot;
}

export const NEAR: SlottedLayout<number, NearPlace> = {
  keySize: 4,
  valueSize: POLICY_NEAR_PLACE_SIZE,
  id: (index) => index,
  same: (a, b) => PLACES.id(a.key) === PLACES.id(b.key) && PLACES.same(a.slot, b.slot),
  writeKey: u32Key,
  writeValue: (wire, at, [a, b]) => {
    // the first entry at an index has nothing in its other slot, and nothing has no key
    const { space, ifindex } = a.key.space === 0 ? b.key : a.key;
    encodePolicyNearPlace(wire, at, { space, ifindex, slot: [a.slot, b.slot] });
  },
};

/** policy_place_index() of the programs. */
export function nearIndex({ space, ifindex }: PolicyPlaceKey): number {
  return ((ifindex + Math.imul(space, 37)) >>> 0) % NEAR_PLACES;
}

/** @param slots Identities in slot 0 and 1 by prefix. */
export function v6Entries(slots: readonly (readonly [V6Prefix, readonly [number, number]])[]): Entries {
  const keys = wireOf(new Uint8Array(slots.length * POLICY_V6_KEY_SIZE));
  const values = wireOf(new Uint8Array(slots.length * POLICY_V6_SIZE));
  slots.forEach(([prefix, identity], i) => {
    encodePolicyV6Key(keys, i * POLICY_V6_KEY_SIZE, prefix);
    encodePolicyV6(values, i * POLICY_V6_SIZE, { identity });
  });
  return { keys: keys.bytes, values: values.bytes, count: slots.length };
}

export function peerEntry({ set, identity, first, count }: PeerRecord): readonly [PolicyPeerKey, Segment] {
  return [
    { set, identity },
    { first, count },
  ];
}

export function setEntry({ set, v4, v6, strict }: SetRecord): readonly [number, PolicySetSlot] {
  return [set, { v4, v6, strict: strict ? 1 : 0 }];
}

/** Records of arrays: entries whose keys are positions. */
export class Records {
  readonly #keys: Uint32Array;
  readonly values: Uint8Array;
  readonly wire: Wire;
  readonly #size: number;
  #count = 0;

  constructor(count: number, size: number) {
    this.#keys = new Uint32Array(count);
    this.values = new Uint8Array(count * size);
    this.wire = wireOf(this.values);
    this.#size = size;
  }

  /** @returns where the record at `position` is written. */
  at(position: number): number {
    this.#keys[this.#count] = position;
    return this.#count++ * this.#size;
  }

  entries(): Entries {
    return { keys: new Uint8Array(this.#keys.buffer), values: this.values, count: this.#count };
  }
}

/** @throws {WeirError} `VALUE` for more identities than a line can name. */
export function v4Lines(segments: readonly V4Segment[]): Entries {
  if (segments.some(({ most }) => most > MAX_V4_IDENTITY))
    throw new WeirError('VALUE', {
      what: 'the policy',
      problem: `tells more than ${MAX_V4_IDENTITY} groups of IPv4 peers apart`,
    });
  const lines = segments.reduce((sum, { words }) => sum + words.length / V4_LINE_WORDS, 0);
  const out = new Records(lines, POLICY_V4_SIZE);
  for (const { first, words } of segments)
    for (let i = 0; i < words.length; i += V4_LINE_WORDS) {
      const at = out.at((first + i / 2) / V4_LINE_RECORDS);
      for (let j = 0; j < V4_LINE_WORDS; j++)
        out.wire.view.setUint16(at + j * 2, words[i + j] as number, true);
    }
  return out.entries();
}

/** Lines for so many records. */
export function v4LinesFor(records: number): number {
  return Math.ceil(records / V4_LINE_RECORDS);
}

export function portRecords(segments: readonly PortSegment[]): Entries {
  const out = new Records(
    segments.reduce((sum, { keys }) => sum + keys.length, 0),
    POLICY_PORT_SIZE,
  );
  const { view } = out.wire;
  for (const { first, keys, verdicts } of segments)
    for (let i = 0; i < keys.length; i++) {
      const at = out.at(first + i);
      view.setUint32(at, keys[i] as number, true);
      view.setUint32(at + 4, verdicts[i] as number, true);
    }
  return out.entries();
}

export function verdictRecords(verdicts: readonly VerdictRecord[]): Entries {
  const out = new Records(verdicts.length, POLICY_VERDICT_SIZE);
  for (const one of verdicts) encodePolicyVerdict(out.wire, out.at(one.verdict), one);
  return out.entries();
}

export function ruleRecords(rules: readonly RuleRecord[]): Entries {
  const out = new Records(rules.length, POLICY_RULE_SIZE);
  for (const rule of rules) {
    const { limit, mark = 0, log = 0, counter } = rule;
    const cost = limit === undefined ? 0n : limitCost(limit.rate);
    encodePolicyRule(out.wire, out.at(rule.rule), {
      action: POLICY_ACTION[rule.action.toUpperCase() as keyof typeof POLICY_ACTION],
      flags: ruleFlags(rule),
      counter,
      mark,
      log,
      limitCost: cost,
      limitBurst: cost * BigInt(limit?.burst ?? 0),
    });
  }
  return out.entries();
}

/** In 1/64 ns. */
function limitCost(rate: number): bigint {
  return BigInt(Math.max(1, Math.round((64 * 1e9) / rate)));
}

function ruleFlags({ keepEstablished, mark, limit }: RuleRecord): number {
  return (
    (keepEstablished ? RULE_FLAG.keep : 0) |
    (mark === undefined ? 0 : RULE_FLAG.mark) |
    (limit === undefined ? 0 : RULE_FLAG.limit) |
    (limit?.per === 'source' ? RULE_FLAG.perSource : 0) |
    (limit?.unit === 'bytes' ? RULE_FLAG.bytes : 0)
  );
}
