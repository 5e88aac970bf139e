// SPDX-License-Identifier: Apache-2.0
import { parseIp } from '../../base/ip.ts';
import type { EndpointSpec, Labels, NamedPort, PolicyDirection } from '../../model/policy.ts';
import type { EndpointRecord } from '../compiled.ts';
import { hasSeveral } from '../packet.ts';
import { v4Number } from '../prefixes.ts';
import type { Move } from './decisions.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { Facts } from './facts.ts';
import type { Numbers } from './numbers.ts';
import type { PolicyDelta } from './policies.ts';
import { type PolicyState, type RuleState, selfRule } from './rule-state.ts';
import { Selectable } from './selector-index.ts';
import { NO_EXTRA, type SetExtra } from './set-state.ts';
import type { Space4 } from './space4.ts';
import type { Space6 } from './space6.ts';

interface EndpointParts {
  readonly numbers: Numbers;
  readonly v4: Space4;
  readonly v6: Space6;
}

const DIRECTIONS = ['ingress', 'egress'] as const;

/** The endpoints of the world: where their addresses are, and which sets of policies apply to them. */
export class Endpoints {
  readonly #parts: EndpointParts;
  readonly #byKey = new Map<string, EndpointState>();
  readonly #byPortName = new Map<string, Set<EndpointState>>();
  readonly #touched = new Set<EndpointState>();
  readonly #selfRules = new Map<string, RuleState>();
  /** Numbers whose records are different, with the endpoint if it is still there. */
  readonly #changed = new Map<number, EndpointState | undefined>();
  readonly index = new Selectable<EndpointState>();
  #withDevices = 0;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#withDevices;
  }

  get(key: string): EndpointState | undefined {
    return this.#byKey.get(key);
  }

  byPortName(name: string): Iterable<EndpointState> {
    return this.#byPortName.get(name) ?? [];
  }

  /** What rules find of it may be different. */
  touch(one: EndpointState): void {
    this.#touched.add(one);
  }

  /** A new endpoint, or another wording of one that is there. Its number stays while it has devices. */
  set(spec: EndpointSpec, labels: Labels, facts: Facts): EndpointState {
    const known = this.#byKey.get(spec.key);
    if (known !== undefined && known.number > 0 === spec.devices.length > 0) {
      this.index.delete(known);
      this.#ports(known, false);
      known.spec = spec;
      known.labels = labels;
      this.#enter(known, facts);
      return known;
    }
    const { numbers } = this.#parts;
    const made: EndpointState = {
      spec,
      labels,
      number: spec.devices.length === 0 ? 0 : (numbers.claim(spec.key) ?? numbers.take()),
      selectedBy: new Set(),
      policies: new Set(),
      class: undefined,
      addresses: [],
      self: undefined,
      sets: { ingress: undefined, egress: undefined },
    };
    this.#byKey.set(spec.key, made);
    if (made.number > 0) this.#withDevices++;
    this.#enter(made, facts);
    return made;
  }

  #enter(one: EndpointState, facts: Facts): void {
    this.index.add(one);
    this.#ports(one, true);
    this.touch(one);
    const before = one.self;
    // the question whether a peer is the endpoint itself is a selector that nobody else can have written
    one.self = one.number > 0 && hasSeveral(one.spec) ? facts.self(one) : undefined;
    if (before !== undefined && before !== one.self) this.#selfRules.delete(one.spec.key);
    if (before !== undefined) facts.release(before);
    if (one.number > 0) this.#changed.set(one.number, one);
  }

  remove(one: EndpointState, facts: Facts): void {
    this.index.delete(one);
    this.#ports(one, false);
    this.#byKey.delete(one.spec.key);
    if (one.self !== undefined) facts.release(one.self);
    this.#selfRules.delete(one.spec.key);
    one.self = undefined;
    this.touch(one);
    if (one.number === 0) return;
    this.#withDevices--;
    this.#changed.set(one.number, undefined);
    this.#parts.numbers.release(one.number);
  }

  #ports(one: EndpointState, isThere: boolean): void {
    for (const { name } of one.spec.ports) {
      const known = this.#byPortName.get(name) ?? new Set();
      this.#byPortName.set(name, known);
      if (isThere) known.add(one);
      else known.delete(one);
      if (known.size === 0) this.#byPortName.delete(name);
    }
  }

  /** Say in the address spaces what rules find of endpoints. */
  place(facts: Facts): void {
    for (const one of this.#touched) {
      const isThere = this.#byKey.get(one.spec.key) === one;
      const [before, now] = [one.class, isThere ? facts.classOf(one) : undefined];
      const addresses = isThere ? one.spec.addresses.map(parseIp) : [];
      if (before === now && sameAddresses(one.addresses, addresses)) continue;
      if (before !== undefined) {
        for (const address of one.addresses) this.#say(address, before.id, false);
        facts.countClass(before, -1);
      }
      if (now !== undefined) {
        for (const address of addresses) this.#say(address, now.id, true);
        facts.countClass(now, 1);
      }
      one.class = now;
      one.addresses = addresses;
    }
    this.#touched.clear();
  }

  #say(address: Uint8Array, atom: number, isThere: boolean): void {
    const { v4, v6 } = this.#parts;
    if (address.length === 4) {
      const number = v4Number(address);
      if (isThere) v4.add(number, 32, atom);
      else v4.remove(number, 32, atom);
    } else if (isThere) v6.add(address, 128, atom);
    else v6.remove(address, 128, atom);
  }

  /** Which endpoints go to other sets. */
  moves(deltas: ReadonlyMap<EndpointState, PolicyDelta>): readonly Move[] {
    const moves: Move[] = [];
    for (const [endpoint, delta] of deltas) {
      if (endpoint.number === 0) continue;
      for (const direction of DIRECTIONS) {
        const says = ({ rules }: PolicyState) => rules[direction] !== undefined;
        const [added, removed] = [[...delta.added].filter(says), [...delta.removed].filter(says)];
        const before = endpoint.sets[direction];
        const count = (before?.policies.size ?? 0) + added.length - removed.length;
        const extra = count === 0 ? NO_EXTRA : this.#extra(endpoint, direction);
        if (added.length + removed.length === 0 && (before?.extra.text ?? '') === extra.text) continue;
        moves.push({ endpoint, direction, added, removed, extra });
        this.#changed.set(
          endpoint.number,
          this.#byKey.get(endpoint.spec.key) === endpoint ? endpoint : undefined,
        );
      }
    }
    return moves;
  }

  #extra(endpoint: EndpointState, direction: PolicyDirection): SetExtra {
    const self = endpoint.self === undefined ? undefined : this.#selfRule(endpoint, direction);
    const ports = direction === 'ingress' && endpoint.spec.ports.length > 0 ? portsOf(endpoint) : [];
    if (self === undefined && ports.length === 0) return NO_EXTRA;
    const text = `${self === undefined ? '' : endpoint.spec.key} ${ports.map(({ name, protocol, port }) => `${name}:${protocol}:${port}`).join()}`;
    return { text, ports, self };
  }

  #selfRule(endpoint: EndpointState, direction: PolicyDirection): RuleState {
    const key = `${endpoint.spec.key} ${direction}`;
    const known = this.#selfRules.get(key);
    if (known !== undefined && known.facts[0] === endpoint.self) return known;
    const made = selfRule(endpoint.self as NonNullable<EndpointState['self']>, direction, key);
    this.#selfRules.set(key, made);
    return made;
  }

  record(one: EndpointState): EndpointRecord {
    const { spec, number, sets } = one;
    return {
      endpoint: number,
      key: spec.key,
      ingressSet: sets.ingress?.number ?? 0,
      egressSet: sets.egress?.number ?? 0,
      host: spec.side === 'host',
    };
  }

  changed() {
    const endpoints: EndpointRecord[] = [];
    const endpointsGone: number[] = [];
    for (const [number, one] of this.#changed)
      if (one === undefined) endpointsGone.push(number);
      else endpoints.push(this.record(one));
    return { endpoints, endpointsGone };
  }

  all() {
    const there = [...this.#byKey.values()].filter(({ number }) => number > 0);
    return { endpoints: there.map((one) => this.record(one)), endpointsGone: [] };
  }

  accept(): void {
    this.#changed.clear();
  }
}

/** Ports of an endpoint whose names rules ask for. */
function portsOf({ spec, policies }: EndpointState): readonly NamedPort[] {
  const names = new Set<string>();
  for (const { rules } of policies)
    for (const rule of rules.ingress ?? []) for (const name of rule.names) names.add(name);
  return names.size === 0 ? [] : spec.ports.filter(({ name }) => names.has(name));
}

function sameAddresses(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((one, i) => one.every((byte, j) => byte === b[i]?.[j]));
}
