// SPDX-License-Identifier: Apache-2.0
// Network policy in its normal form: every document that declares endpoints, prefixes or rules becomes one of these.

/**
 * Where a policy stands in the order. `management` keeps the node reachable and comes from the agent, not from documents;
 * then `admin`, `application` and `baseline`.
 */
export type PolicyTier = 'management' | 'admin' | 'application' | 'baseline';

export type PolicyDirection = 'ingress' | 'egress';

/** `pass` skips the rest of the tier. */
export type PolicyAction = 'allow' | 'deny' | 'reject' | 'pass';

/** The endpoint stands behind its devices, as a container or a virtual machine does; or it is this host. */
export type EndpointSide = 'workload' | 'host';

export type Labels = Readonly<Record<string, string>>;

/** One requirement of a label selector, as of Kubernetes' LabelSelectorRequirement. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Of `In` and `NotIn`, sorted and without repetition. */
  readonly values?: readonly string[];
}

/** All requirements hold; none selects everything. Sorted by key, operator and values. */
export type LabelSelector = readonly LabelRequirement[];

/** Selects endpoints: every part that is given must hold. */
export interface EndpointSelector {
  /** The namespace itself by its name. */
  readonly namespace?: string;
  /** Labels of the namespace. */
  readonly namespaces?: LabelSelector;
  /** Labels of the endpoint. */
  readonly labels?: LabelSelector;
  readonly side?: EndpointSide;
}

/** Whom a rule speaks of: endpoints, a block of addresses without the blocks in `except`, or a named set of prefixes. */
export type PolicyPeer =
  | { readonly endpoints: EndpointSelector }
  | { readonly cidr: string; readonly except?: readonly string[] }
  | { readonly cidrSet: string };

/**
 * What a rule matches of a transport header. Of several a packet has to match one.
 * Ports are those of the destination.
 */
export interface PortMatch {
  /** Number of the IP protocol; absent: any protocol, with `name` whichever the named port has. */
  readonly protocol?: number;
  /** First and last destination port, of TCP, UDP and SCTP; absent: every port. */
  readonly ports?: readonly [first: number, last: number];
  /** A port by its name: what the endpoint that is the destination calls so. */
  readonly name?: string;
  /** Type of ICMP and ICMPv6; absent: every one. */
  readonly type?: number;
  /** Code of that type; absent: every one. */
  readonly code?: number;
  /** TCP flags (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128): those in `mask` are as in `value`. */
  readonly flags?: { readonly mask: number; readonly value: number };
}

/** How much of what a rule allows passes; the rest is dropped. */
export interface PolicyLimit {
  readonly unit: 'packets' | 'bytes';
  /** Per second. */
  readonly rate: number;
  /** Packets or bytes that may come at once. */
  readonly burst: number;
  /** One bucket for all that the rule allows, or one for each source address. */
  readonly per: 'rule' | 'source';
}

/** One rule of one direction. */
export interface PolicyRule {
  readonly name?: string;
  readonly action: PolicyAction;
  /** Absent: everybody. Empty: nobody. */
  readonly peers?: readonly PolicyPeer[];
  /** Absent: every protocol and port. Empty: none. */
  readonly ports?: readonly PortMatch[];
  readonly limit?: PolicyLimit;
  /** Written into the packet's mark (skb->mark). */
  readonly mark?: number;
  /** One in so many decisions goes to the flow log. */
  readonly log?: number;
}

/** A policy. Its rules apply to the endpoints that `subject` selects. */
export interface PolicySpec {
  /** `NetworkPolicy/x/web`, `Policy/edge`: kind and name of the document; policies of equal priority come in this order. */
  readonly key: string;
  readonly tier: PolicyTier;
  /** 0 to 1000; the lower number comes first within a tier. */
  readonly priority: number;
  /** `audit`: judged and counted as if it were in force, and nothing comes of it. */
  readonly mode: 'enforce' | 'audit';
  /** What becomes of connections that exist when rules change: `recheck` judges them anew, `keep` leaves them. */
  readonly established: 'recheck' | 'keep';
  readonly subject: EndpointSelector;
  /** Absent: says nothing about this direction. In the tier `application` a list, even an empty one, isolates. */
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

/** A port that an endpoint gives a name. */
export interface NamedPort {
  readonly name: string;
  /** Number of the IP protocol. */
  readonly protocol: number;
  readonly port: number;
}

/** Something that traffic enters or leaves through. */
export interface EndpointSpec {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly side: EndpointSide;
  /** Devices by name, with * for any text. */
  readonly devices: readonly string[];
  /** Name of the network namespace that holds the devices; absent: the agent's own. */
  readonly netns?: string;
  /** By which others know it. */
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
}

/** Labels of a namespace. `kubernetes.io/metadata.name` is implied. */
export interface NamespaceSpec {
  readonly name: string;
  readonly labels: Labels;
}

/** A named set of prefixes. */
export interface CidrSetSpec {
  readonly name: string;
  readonly cidrs?: readonly string[];
  /** File with one prefix in a line; # begins a comment. */
  readonly file?: string;
}

/** Classes of objects that policy is made of. */
export type PolicyClassName = 'endpoint' | 'cidr-set' | 'policy' | 'namespace';

/** What is asked of the policy host: `spec` is an EndpointSpec, CidrSetSpec, PolicySpec or NamespaceSpec. */
export type PolicyOperation =
  | {
      readonly op: 'set';
      readonly class: PolicyClassName;
      readonly key: string;
      readonly spec: Readonly<Record<string, unknown>>;
    }
  | { readonly op: 'remove'; readonly class: PolicyClassName; readonly key: string };

/** The label of a namespace that is its name. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** The namespace of what does not say one. */
export const DEFAULT_NAMESPACE = 'default';

/** Prefixes that all sets together may have. */
export const MAX_PREFIXES = 1_000_000;
