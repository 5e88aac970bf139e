// SPDX-License-Identifier: Apache-2.0
// Whether one rule matches everything that another one matches, as far as their wording shows it.
import type {
  EndpointSelector,
  LabelRequirement,
  LabelSelector,
  PolicyPeer,
  PolicyRule,
  PortMatch,
} from '../model/policy.ts';
import { inPrefix, prefixOf } from './prefix.ts';

/** True when `outer` surely matches all that `inner` matches. */
export function coversRule(outer: PolicyRule, inner: PolicyRule): boolean {
  return coversPeers(outer.peers, inner.peers) && coversPorts(outer.ports, inner.ports);
}

function coversPeers(outer: PolicyRule['peers'], inner: PolicyRule['peers']): boolean {
  if (outer === undefined) return true;
  return inner?.every((one) => outer.some((other) => coversPeer(other, one))) ?? false;
}

function coversPeer(outer: PolicyPeer, inner: PolicyPeer): boolean {
  if ('endpoints' in outer) return 'endpoints' in inner && coversSelector(outer.endpoints, inner.endpoints);
  if ('cidrSet' in outer) return 'cidrSet' in inner && outer.cidrSet === inner.cidrSet;
  if (!('cidr' in inner) || !coversBlock(outer.cidr, inner.cidr)) return false;
  const holes = inner.except ?? [];
  return (outer.except ?? []).every(
    (hole) => holes.some((one) => coversBlock(one, hole)) || apart(hole, inner.cidr),
  );
}

function coversBlock(outer: string, inner: string): boolean {
  const { address, prefixlen } = prefixOf(inner);
  return prefixOf(outer).prefixlen <= prefixlen && inPrefix(outer, address);
}

function apart(a: string, b: string): boolean {
  return !coversBlock(a, b) && !coversBlock(b, a);
}

function coversSelector(outer: EndpointSelector, inner: EndpointSelector): boolean {
  return (
    (outer.side === undefined || outer.side === inner.side) &&
    (outer.namespace === undefined || outer.namespace === inner.namespace) &&
    coversLabels(outer.namespaces, inner.namespaces) &&
    coversLabels(outer.labels, inner.labels)
  );
}

/** All that `outer` requires is required by `inner`. */
function coversLabels(outer: LabelSelector | undefined, inner: LabelSelector | undefined): boolean {
  return (outer ?? []).every((one) => (inner ?? []).some((other) => implies(other, one)));
}

function implies(given: LabelRequirement, wanted: LabelRequirement): boolean {
  if (given.key !== wanted.key) return false;
  const [have, want] = [given.values ?? [], wanted.values ?? []];
  if (wanted.operator === 'Exists') return given.operator === 'In' || given.operator === 'Exists';
  if (wanted.operator === 'DoesNotExist') return given.operator === 'DoesNotExist';
  if (wanted.operator === 'In') return given.operator === 'In' && have.every((one) => want.includes(one));
  if (given.operator === 'DoesNotExist') return true;
  if (given.operator === 'In') return !have.some((one) => want.includes(one));
  return given.operator === 'NotIn' && want.every((one) => have.includes(one));
}

function coversPorts(outer: PolicyRule['ports'], inner: PolicyRule['ports']): boolean {
  if (outer === undefined) return true;
  return inner?.every((one) => outer.some((other) => coversPort(other, one))) ?? false;
}

function coversPort(outer: PortMatch, inner: PortMatch): boolean {
  if (outer.protocol !== undefined && outer.protocol !== inner.protocol) return false;
  if (outer.name !== undefined && outer.name !== inner.name) return false;
  if (outer.type !== undefined && outer.type !== inner.type) return false;
  if (outer.code !== undefined && outer.code !== inner.code) return false;
  if (outer.ports !== undefined) {
    if (inner.ports === undefined || inner.ports[0] < outer.ports[0] || inner.ports[1] > outer.ports[1])
      return false;
  }
  if (outer.flags === undefined) return true;
  const { mask, value } = outer.flags;
  return (
    inner.flags !== undefined && (inner.flags.mask & mask) === mask && (inner.flags.value & mask) === value
  );
}
