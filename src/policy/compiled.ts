// SPDX-License-Identifier: Apache-2.0
// What compiling gives: the content of the datapath's maps (ebpf/policy/policy.h) as plain values, and differences of it.
// Every number that names something (identity, set, rule, verdict, place in an array) is stable from one compilation to
// the next, and is given away anew two epochs after it became free at the earliest.
import type {
  EndpointSpec,
  PolicyAction,
  PolicyDirection,
  PolicyLimit,
  PolicySpec,
} from '../model/policy.ts';

/** A run of records in an array: `count` of them from `first` on. `count` 0 is nothing. */
export interface Segment {
  readonly first: number;
  readonly count: number;
}

/** An address of which nothing is known: neither a block, nor a set, nor an endpoint that any rule speaks of. */
export const UNKNOWN_IDENTITY = 0;

/** The set of an endpoint and direction about which no policy says anything. */
export const NO_SET = 0;

/** Rules with a fixed meaning: denied since a policy isolates the endpoint, allowed since no policy says otherwise. */
export const RULE_ISOLATED = 0;
export const RULE_DEFAULT_ALLOW = 1;

/** Classes of a key in a segment of ports, from bit 16 on; the lower bits are told in `portKey`. */
export const KEY_CLASS = { tcp: 0, udp: 1, sctp: 2, icmp: 3, icmpv6: 4, other: 5 } as const;

/** What is decided for an endpoint. */
export interface EndpointRecord {
  /** Number of the endpoint, from 1. */
  readonly endpoint: number;
  /** `namespace/name`. */
  readonly key: string;
  readonly ingressSet: number;
  readonly egressSet: number;
  readonly host: boolean;
}

/** A block of 65,536 IPv4 addresses. */
export interface V4Root {
  /** The upper 16 bits. */
  readonly block: number;
  /** Where the identities are (struct policy_v4_root); 0: of none is anything known. */
  readonly node: number;
}

/** Blocks whose nodes stand in one entry (`POLICY_V4_BLOCKS`). */
export const V4_ROOT_BLOCKS = 16;

/** What a node of IPv4 addresses finds (`POLICY_V4_*`). */
export const V4_KIND = { same: 0, split: 1, prefixes: 2, lines: 3 } as const;

/** Words of 16 bits in a line of the table of IPv4 addresses. */
export const V4_LINE_WORDS = 32;

/** Records in which a line is counted: one for each two words. */
export const V4_LINE_RECORDS = 16;

/** Lines of one block, from the record `first` on, with which a line begins. */
export interface V4Segment {
  readonly first: number;
  readonly words: Uint16Array;
  /** The largest identity that they tell. */
  readonly most: number;
}

/** A prefix of IPv6 addresses. A lookup finds the longest prefix, which tells all that is known. */
export interface V6Prefix {
  readonly address: Uint8Array;
  readonly length: number;
  /** What a lookup gives from now on: also when it goes, since it may have to stay a moment for packets under way. */
  readonly identity: number;
  /** What a lookup gave for this prefix before. */
  readonly before: number;
}

/** The rules of a set for peers of one identity. */
export interface PeerRecord extends Segment {
  readonly set: number;
  readonly identity: number;
}

/** A set: all rules that apply to an endpoint in one direction. */
export interface SetRecord {
  readonly set: number;
  readonly direction: PolicyDirection;
  /** For peers whose identity has no record of its own, by the family of their address. */
  readonly v4: Segment;
  readonly v6: Segment;
  /** Some packet may be denied: one that cannot be read must not pass. */
  readonly strict: boolean;
}

/**
 * Ports from `first` on: a key is the first one of a range that reaches to the next key. The first key is 0; a segment
 * covers all keys.
 */
export interface PortSegment {
  readonly first: number;
  readonly keys: Uint32Array;
  readonly verdicts: Uint32Array;
}

/** A decision. If the packet's TCP flags do not fit (`flags & tcpMask == tcpValue`), `next` is the decision. */
export interface VerdictRecord {
  readonly verdict: number;
  /** The rule that decides. */
  readonly rule: number;
  /** The rule that would decide if policies in audit mode were enforced; the same if nothing would be different. */
  readonly auditRule: number;
  /** 0: fits always, and `next` is 0. */
  readonly tcpMask: number;
  readonly tcpValue: number;
  readonly next: number;
}

/** Most verdicts of one chain. */
export const MAX_CHAIN = 8;

/** A rule as it is enforced. */
export interface RuleRecord {
  readonly rule: number;
  readonly action: Exclude<PolicyAction, 'pass'>;
  readonly counter: number;
  readonly mark?: number;
  readonly log?: number;
  readonly limit?: PolicyLimit;
  /** A connection that exists already is kept when this rule is the one that now decides. */
  readonly keepEstablished: boolean;
  readonly origin: RuleOrigin;
}

/** Where a rule stands. */
export interface RuleOrigin {
  /** Key of the policy; '' for the two fixed rules. */
  readonly policy: string;
  readonly direction: PolicyDirection | '';
  /** From 0, in the policy's list of the direction. */
  readonly index: number;
  readonly name?: string;
}

/** What of the maps is different. What is gone may be taken out once no packet of the former epoch is under way. */
export interface MapChanges {
  readonly endpoints: readonly EndpointRecord[];
  readonly endpointsGone: readonly number[];
  readonly v4Segments: readonly V4Segment[];
  readonly v4Roots: readonly V4Root[];
  readonly v6: readonly V6Prefix[];
  readonly v6Gone: readonly V6Prefix[];
  readonly peers: readonly PeerRecord[];
  readonly peersGone: readonly { readonly set: number; readonly identity: number }[];
  readonly sets: readonly SetRecord[];
  readonly setsGone: readonly number[];
  readonly ports: readonly PortSegment[];
  readonly verdicts: readonly VerdictRecord[];
  readonly rules: readonly RuleRecord[];
  /** Counters that count for another rule than before: they start at zero. */
  readonly countersNew: readonly number[];
}

/** How many records each map holds or would have to hold. */
export interface PolicySizes {
  readonly endpoints: number;
  readonly v4: number;
  readonly v6: number;
  readonly peers: number;
  readonly sets: number;
  readonly ports: number;
  readonly verdicts: number;
  readonly rules: number;
  readonly counters: number;
}

/** Who selects whom. */
export interface PolicyRelations {
  /** Endpoints that a policy selects. */
  selected(policy: string): readonly EndpointSpec[];
  /** Policies that have something to say about an endpoint and direction, in any order. */
  applied(endpoint: string, direction: PolicyDirection): Iterable<PolicySpec>;
}

/** Everything in force after an update. */
export interface CompiledPolicy {
  readonly epoch: number;
  /** Against the policy that it was compiled from. */
  readonly changes: MapChanges;
  /** Against empty maps: to load them anew. */
  contents(): MapChanges;
  readonly sizes: PolicySizes;
  /** A decision needs more than MAX_CHAIN verdicts: what exceeds them is denied. The plan has to refuse that. */
  readonly overlong: boolean;
  /** The endpoint of this key. */
  endpoint(key: string): EndpointRecord | undefined;
  /** The rule of this number. */
  rule(rule: number): RuleRecord | undefined;
  /** Every rule with its counter. */
  rules(): Iterable<RuleRecord>;
  readonly relations: PolicyRelations;
}

/** Protocols with ports or types, by their number. */
const CLASS_OF: Readonly<Record<number, number>> = {
  6: KEY_CLASS.tcp,
  17: KEY_CLASS.udp,
  132: KEY_CLASS.sctp,
  1: KEY_CLASS.icmp,
  58: KEY_CLASS.icmpv6,
};

/**
 * Where a packet falls in a segment of ports: class and destination port; class and `type << 8 | code` of ICMP; of other
 * protocols their number.
 */
export function portKey(protocol: number, low: number): number {
  const known = CLASS_OF[protocol];
  return known === undefined ? (KEY_CLASS.other << 16) | protocol : (known << 16) | low;
}

/** One behind the last key. */
export const KEY_END = (KEY_CLASS.other << 16) + 256;
