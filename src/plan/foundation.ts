// SPDX-License-Identifier: Apache-2.0
// Whether what an object stands on is there, and works, once a plan is carried out.
import { objectClass } from '../kinds/classes.ts';
import { type NetObject, type ObjectId, objectId, type Spec } from '../model/object.ts';
import { isOfIpv6, peerOf } from './effects.ts';
import { eventsOf, setsDown } from './events.ts';
import type { Action } from './plan.ts';
import { covers, prefixOf } from './prefix.ts';
import { addressOf } from './shaken.ts';
import { needsOf } from './steps.ts';

type Observed = ReadonlyMap<ObjectId, NetObject>;

/** What the plan leaves others to stand on. */
export class Foundation {
  readonly #observed: Observed;
  readonly #steps: ReadonlyMap<ObjectId, Action>;
  /** Objects that are not there in the end. */
  readonly #absent: Set<ObjectId>;
  readonly #down = new Set<ObjectId>();
  readonly #withoutIpv6 = new Set<ObjectId>();
  readonly #withoutMaster = new Set<ObjectId>();
  /** Removed and dropped addresses by their text, with the object that would bring them back. */
  readonly #lostAddresses = new Map<string, ObjectId>();
  #prefixes: Map<string, Spec[]> | undefined;

  constructor(actions: readonly Action[], observed: Observed, dropped: readonly NetObject[]) {
    this.#observed = observed;
    this.#steps = new Map(actions.map((action) => [action.id, action]));
    this.#absent = new Set([...dropped, ...actions].flatMap(({ id }) => (this.#isGone(id) ? [id] : [])));
    for (const action of actions) {
      if (setsDown(action)) this.#down.add(action.id);
      for (const { id, blow } of eventsOf(action, observed)) {
        if (blow === 'ipv6' || blow === 'tiny') this.#withoutIpv6.add(id);
        if (blow === 'port') this.#withoutMaster.add(id);
      }
    }
    const removed = actions.flatMap(({ op, before: spec, ...name }) =>
      op === 'remove' && spec !== undefined ? [{ ...name, spec }] : [],
    );
    for (const { class: name, netns, id, spec } of [...dropped, ...removed])
      if (name === 'address') this.#lostAddresses.set(`${netns} ${addressOf(spec)}`, id);
    for (const { op, class: name, netns, after } of actions)
      if (op === 'create' && name === 'address') this.#lostAddresses.delete(`${netns} ${addressOf(after)}`);
  }

  #isGone(id: ObjectId): boolean {
    const step = this.#steps.get(id);
    return step === undefined || step.op === 'remove';
  }

  /** It is put back. */
  stands(id: ObjectId): void {
    this.#absent.delete(id);
    this.#prefixes = undefined;
  }

  /** A device that is left without its master, or down. */
  failed({ id }: NetObject, left: Spec): void {
    if (left['state'] === 'down') this.#down.add(id);
    if (left['master'] === undefined) this.#withoutMaster.add(id);
  }

  /** True when all that an object of these settings needs is there in the end and works. */
  carries(object: NetObject, spec: Spec): boolean {
    const { netns, class: name } = object;
    const needs = needsOf(netns, objectClass(name), spec);
    if (needs.some((id) => this.#absent.has(id))) return false;
    const on = (device: unknown) => objectId(netns, 'link', String(device));
    if (name === 'link') return this.#carriesLink(spec, on(spec['link']));
    if (needs.some((id) => this.#down.has(id))) return false;
    if (isOfIpv6(spec) && needs.some((id) => this.#withoutIpv6.has(id))) return false;
    if (name === 'nexthop') return this.#hasCarrier(netns, spec['dev']);
    const ofMaster = name === 'bridge-vlan' || (name === 'fdb' && spec['of'] !== 'self');
    return !ofMaster || !this.#withoutMaster.has(on(spec['dev']));
  }

  /** True when it stands on a qdisc that another one replaces, which has none of its classes and filters. */
  outlivesQdisc({ netns, class: name }: NetObject, spec: Spec): boolean {
    return needsOf(netns, objectClass(name), spec).some((id) => {
      const step = this.#steps.get(id);
      const before = this.#observed.get(id)?.spec;
      if (step?.class !== 'qdisc' || step.after === undefined || before === undefined) return false;
      return before['kind'] !== step.after['kind'] || before['handle'] !== step.after['handle'];
    });
  }

  #carriesLink(spec: Spec, lower: ObjectId): boolean {
    const mtu = this.#steps.get(lower)?.after?.['mtu'];
    const fits = typeof mtu !== 'number' || !((spec['mtu'] as number) > mtu);
    return fits && (spec['state'] !== 'up' || !this.#down.has(lower));
  }

  #hasCarrier(netns: string, device: unknown): boolean {
    const link = this.#observed.get(objectId(netns, 'link', String(device)));
    if (link === undefined) return true;
    const isDown = (name: unknown) =>
      name !== undefined && this.#down.has(objectId(netns, 'link', `${name}`));
    if (isDown(link.spec['link']) || isDown(peerOf(link.spec))) return false;
    if (link.spec['kind'] !== 'bridge') return true;
    const ports = [...this.#observed.values()].filter(
      (one) => one.class === 'link' && one.netns === netns && one.spec['master'] === device,
    );
    const left = ports.filter(({ id }) => !this.#absent.has(id) && !this.#withoutMaster.has(id));
    return ports.length === 0 || left.some(({ id, spec }) => spec['state'] === 'up' && !this.#down.has(id));
  }

  /** True when the kernel will take the route: it has its preferred source, and its gateways are on the link. */
  leadsOn({ netns }: NetObject, route: Spec): boolean {
    const source = this.#lostAddresses.get(`${netns} ${route['prefsrc']}`);
    if (source !== undefined && this.#absent.has(source)) return false;
    const hops = (route['nexthops'] ?? [route]) as readonly Spec[];
    return hops.every(({ gateway, onlink, dev }) => {
      const address = onlink === true ? undefined : prefixOf(gateway);
      if (address === undefined || String(gateway).startsWith('fe80:')) return true;
      const near = this.#near().get(`${netns} ${dev}`) ?? [];
      return near.some((spec) => {
        const prefix = prefixOf(spec['peer'] ?? spec['address'] ?? spec['dst']);
        return prefix !== undefined && covers(prefix, address);
      });
    });
  }

  /** By device: its addresses, and routes to what is on its link. */
  #near(): ReadonlyMap<string, readonly Spec[]> {
    if (this.#prefixes !== undefined) return this.#prefixes;
    const near = new Map<string, Spec[]>();
    const add = ({ id, class: name, netns }: Omit<NetObject, 'spec'>, spec: Spec | undefined) => {
      if (spec === undefined || this.#absent.has(id) || !isNear(name, spec)) return;
      const device = `${netns} ${spec['dev']}`;
      const known = near.get(device);
      if (known === undefined) near.set(device, [spec]);
      else known.push(spec);
    };
    for (const object of this.#observed.values())
      add(object, this.#steps.get(object.id)?.after ?? object.spec);
    for (const action of this.#steps.values()) if (action.op === 'create') add(action, action.after);
    this.#prefixes = near;
    return near;
  }
}

function isNear(name: string, { gateway, via, nexthops, nhid, type }: Spec): boolean {
  if (name === 'address') return true;
  return name === 'route' && (gateway ?? via ?? nexthops ?? nhid ?? type) === undefined;
}
