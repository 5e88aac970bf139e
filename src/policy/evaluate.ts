// SPDX-License-Identifier: Apache-2.0
// What policies say about a packet that begins something new. Plain and slow: the datapath is measured against it.
import type {
  EndpointSpec,
  PolicyDirection,
  PolicyLimit,
  PolicyPeer,
  PolicyRule,
  PolicySpec,
  PolicyTier,
  PortMatch,
} from '../model/policy.ts';
import { alwaysPasses, isSelf, type PolicyPacket } from './packet.ts';
import { inPrefix } from './prefix.ts';
import { inPrefixes } from './prefixes.ts';
import { selects } from './select.ts';
import { indexOf, type World, type WorldIndex } from './world.ts';

export type PolicyVerdict = 'allow' | 'deny' | 'reject';

/** The rule that decides. */
export interface DecidingRule {
  readonly policy: string;
  readonly direction: PolicyDirection;
  /** From 0. */
  readonly index: number;
  readonly name?: string;
}

/**
 * Why there is no deciding rule: a policy isolates the endpoint and none allows the packet; no policy says anything;
 * the endpoint talks to itself; the packet belongs to what keeps links working.
 */
export type DefaultReason = 'isolated' | 'no policy' | 'self' | 'always';

export interface Decision {
  readonly verdict: PolicyVerdict;
  readonly by: { readonly rule: DecidingRule } | { readonly default: DefaultReason };
  readonly tier?: PolicyTier;
}

/** One rule that was asked, and why it said nothing, or what it said. */
export interface TrailEntry extends DecidingRule {
  readonly tier: PolicyTier;
  readonly mode: PolicySpec['mode'];
  readonly result: 'matched' | 'other peer' | 'other port';
  readonly action: PolicyRule['action'];
}

/** The judgement of one endpoint about one packet. */
export interface Judgement extends Decision {
  readonly endpoint: string;
  readonly direction: PolicyDirection;
  /** What would be decided if policies in audit mode were enforced, if that is something else. */
  readonly audit?: Decision;
  readonly limit?: PolicyLimit;
  readonly mark?: number;
  readonly log?: number;
  /** Rules in the order in which they were asked. */
  readonly trail: readonly TrailEntry[];
}

/** The judgement of an endpoint about a packet that enters (`ingress`) or leaves it. */
export function judge(
  world: World,
  endpoint: EndpointSpec,
  direction: PolicyDirection,
  packet: PolicyPacket,
): Judgement {
  const about = { endpoint: endpoint.key, direction };
  const pass = (reason: DefaultReason): Judgement => ({
    ...about,
    verdict: 'allow',
    by: { default: reason },
    trail: [],
  });
  if (isSelf(endpoint, direction, packet)) return pass('self');
  if (alwaysPasses(endpoint.side, direction, packet)) return pass('always');
  const index = indexOf(world);
  const policies = index.policiesOf(endpoint, direction);
  const asking: Asking = { index, endpoint, direction, packet, trail: [] };
  const enforced = decide(
    policies.filter(({ mode }) => mode === 'enforce'),
    asking,
  );
  const { rule, ...decision } = enforced;
  const audit = policies.some(({ mode }) => mode === 'audit')
    ? decide(policies, { ...asking, trail: [] })
    : undefined;
  return {
    ...about,
    ...decision,
    ...(audit !== undefined && !sameDecision(audit, enforced) && { audit: decisionOf(audit) }),
    ...(rule?.limit && { limit: rule.limit }),
    ...(rule?.mark !== undefined && { mark: rule.mark }),
    ...(rule?.log !== undefined && { log: rule.log }),
    trail: asking.trail,
  };
}

interface Asking {
  readonly index: WorldIndex;
  readonly endpoint: EndpointSpec;
  readonly direction: PolicyDirection;
  readonly packet: PolicyPacket;
  readonly trail: TrailEntry[];
}

interface Found extends Decision {
  readonly rule?: PolicyRule;
}

function decisionOf({ rule: _, ...decision }: Found): Decision {
  return decision;
}

function sameDecision(a: Decision, b: Decision): boolean {
  return JSON.stringify([a.verdict, a.by]) === JSON.stringify([b.verdict, b.by]);
}

/** @param policies Those that select the endpoint, in order. */
function decide(policies: readonly PolicySpec[], asking: Asking): Found {
  const tier = (name: PolicyTier) => policies.filter((one) => one.tier === name);
  return (
    first(tier('management'), () => true, asking) ??
    first(tier('admin'), () => true, asking) ??
    application(tier('application'), asking) ??
    first(tier('baseline'), () => true, asking) ?? { verdict: 'allow', by: { default: 'no policy' } }
  );
}

/** Those that select an endpoint isolate it: denials first, then what any of them allows, and nothing else. */
function application(policies: readonly PolicySpec[], asking: Asking): Found | undefined {
  if (policies.length === 0) return undefined;
  const isDenial = ({ action }: PolicyRule) => action === 'deny' || action === 'reject';
  return (
    first(policies, isDenial, asking) ??
    first(policies, (rule) => !isDenial(rule), asking) ?? {
      verdict: 'deny',
      by: { default: 'isolated' },
      tier: 'application',
    }
  );
}

/** The first rule that matches; undefined if none does or it passes on. */
function first(
  policies: readonly PolicySpec[],
  which: (rule: PolicyRule) => boolean,
  asking: Asking,
): Found | undefined {
  const { direction, trail } = asking;
  for (const { key, tier, mode, [direction]: rules = [] } of policies)
    for (const [index, rule] of rules.entries()) {
      if (!which(rule)) continue;
      const at = { policy: key, direction, index, ...(rule.name !== undefined && { name: rule.name }) };
      const result = resultOf(rule, asking);
      trail.push({ ...at, tier, mode, result, action: rule.action });
      if (result !== 'matched') continue;
      return rule.action === 'pass' ? undefined : { verdict: rule.action, by: { rule: at }, tier, rule };
    }
  return undefined;
}

function resultOf(rule: PolicyRule, asking: Asking): TrailEntry['result'] {
  if (rule.peers !== undefined && !rule.peers.some((one) => matchesPeer(one, rule, asking)))
    return 'other peer';
  if (rule.ports !== undefined && !rule.ports.some((one) => matchesPort(one, asking))) return 'other port';
  return 'matched';
}

function matchesPeer(peer: PolicyPeer, rule: PolicyRule, { index, direction, packet }: Asking): boolean {
  const remote = direction === 'ingress' ? packet.source : packet.destination;
  if ('endpoints' in peer)
    return index.at(remote).some((other) => selects(peer.endpoints, other, index.labelsOf(other.namespace)));
  if ('cidr' in peer)
    return inPrefix(peer.cidr, remote) && !(peer.except ?? []).some((one) => inPrefix(one, remote));
  const set = index.world.sets.get(peer.cidrSet);
  // a set that is not there: nothing is allowed for it, and everything denied
  return set === undefined ? isDenial(rule) : inPrefixes(set, remote);
}

function isDenial({ action }: PolicyRule): boolean {
  return action === 'deny' || action === 'reject';
}

function matchesPort(match: PortMatch, asking: Asking): boolean {
  const { packet } = asking;
  const { protocol, ports, name, type, code, flags } = match;
  if (protocol !== undefined && protocol !== packet.protocol) return false;
  if (ports !== undefined && (packet.port < ports[0] || packet.port > ports[1])) return false;
  if (type !== undefined && packet.type !== type) return false;
  if (code !== undefined && packet.code !== code) return false;
  if (flags !== undefined && (packet.flags & flags.mask) !== flags.value) return false;
  return name === undefined || isNamed(name, asking);
}

/** True when the destination calls the packet's port so. */
function isNamed(name: string, { index, endpoint, direction, packet }: Asking): boolean {
  const destinations = direction === 'ingress' ? [endpoint] : index.at(packet.destination);
  return destinations.some(({ ports }) =>
    ports.some((one) => one.name === name && one.protocol === packet.protocol && one.port === packet.port),
  );
}
