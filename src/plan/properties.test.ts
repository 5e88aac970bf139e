// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { documentOf, inputOf, ownedBy, stateOf } from '../../test/helpers/plan-cases.ts';
import { carriedOut as carriedOutWith, type State } from '../../test/helpers/simulated-kernel.ts';
import { objectClass } from '../kinds/classes.ts';
import type { Spec } from '../model/object.ts';
import type { Document, DocumentSpec } from './document.ts';
import { makePlan } from './make-plan.ts';
import type { Action, Plan } from './plan.ts';
import { imageOf, restorePlan } from './restore.ts';
import { differing } from './settings.ts';

vi.mock('../kinds/classes.ts', () => import('../../test/helpers/plan-classes.ts'));

const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

/** Without the fields that have no value. */
const item = (of: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Spec> =>
  fc.record(of).map((value) => JSON.parse(JSON.stringify(value)) as Spec);

const mtu = optional(fc.constantFrom(1400, 1500));
const state = optional(fc.constantFrom('up', 'down'));

/** Devices a bridge, b bridge or VLAN on eth0, c VLAN on b: each may be absent, and never in a circle. */
const links = fc
  .tuple(
    optional(item({ name: fc.constant('a'), kind: fc.constant('bridge'), mtu, state })),
    optional(
      fc.oneof(
        item({
          name: fc.constant('b'),
          kind: fc.constant('bridge'),
          bridge: optional(item({ max_age: fc.constantFrom(10, 20) })),
        }),
        item({ name: fc.constant('b'), kind: fc.constant('vlan'), link: fc.constant('eth0'), mtu }),
      ),
    ),
    optional(
      item({
        name: fc.constant('c'),
        kind: fc.constant('vlan'),
        link: fc.constantFrom('a', 'b', 'eth1'),
        vlan: item({ id: fc.integer({ min: 1, max: 3 }) }),
      }),
    ),
    optional(item({ name: fc.constant('eth1'), master: optional(fc.constantFrom('a', 'b')), mtu, state })),
  )
  .map((all) => all.filter((one) => one !== undefined));

const devs = fc.constantFrom('a', 'b', 'c', 'eth0', 'eth1');

const network = fc
  .record({
    links,
    addresses: fc.uniqueArray(
      item({
        dev: devs,
        address: fc.constantFrom('10.0.0.1/24', '10.0.1.1/24'),
        scope: optional(fc.constant('host')),
      }),
      { selector: ({ dev, address }) => `${dev} ${address}`, maxLength: 6 },
    ),
    routes: fc.uniqueArray(
      item({
        dst: fc.constantFrom('10.1.0.0/16', '10.2.0.0/16', 'default'),
        dev: devs,
        metric: optional(fc.nat(2)),
      }),
      { selector: ({ dst }) => dst, maxLength: 3 },
    ),
  })
  .map(withoutDangling);

const tuning = fc.dictionary(
  fc.constantFrom('net.ipv4.ip_forward', 'net.ipv4.conf.eth0.forwarding', 'net.ipv4.conf.a.forwarding'),
  fc.nat(2),
);

const documents = fc
  .record({ network, tuning })
  .map(({ network: spec, tuning: sysctls }): readonly Document[] => [
    documentOf(spec),
    documentOf({ sysctls: withoutAbsent(sysctls, spec) }, 'Tuning'),
  ]);

/** Leaves out what stands on devices that are not declared. */
function withoutDangling({ links: all, addresses, routes }: Record<string, readonly Spec[]>): DocumentSpec {
  const there = new Set(['eth0', 'eth1']);
  const kept: Spec[] = [];
  for (const link of all ?? []) {
    const needs = [link['link'], link['master']].filter((name) => name !== undefined);
    if (!needs.every((name) => there.has(String(name)))) continue;
    there.add(String(link['name']));
    kept.push(link);
  }
  const on = ({ dev }: Spec) => there.has(String(dev));
  return { links: kept, addresses: (addresses ?? []).filter(on), routes: (routes ?? []).filter(on) };
}

function withoutAbsent(
  sysctls: Record<string, number>,
  { links: all }: DocumentSpec,
): Record<string, number> {
  const hasA = (all as readonly Spec[]).some(({ name }) => name === 'a');
  return Object.fromEntries(Object.entries(sysctls).filter(([name]) => hasA || !name.includes('.a.')));
}

const FOREIGN: State = stateOf(
  ['link', { name: 'eth0', state: 'up', mtu: 1500 }],
  ['link', { name: 'eth1', state: 'up', mtu: 1500 }],
  ['link', { name: 'other0', kind: 'bridge' }],
  ['address', { dev: 'other0', address: '192.0.2.1/24' }],
  ['address', { dev: 'eth0', address: '192.0.2.2/24' }],
  ['route', { dst: '192.0.3.0/24', dev: 'eth0', protocol: 'static' }],
  ['sysctl', { name: 'net.ipv4.ip_forward', value: 0 }],
  ['sysctl', { name: 'net.ipv4.conf.eth0.forwarding', value: 0 }],
);

/** A device brings its sysctls. */
function carriedOut(actions: readonly Action[], before: State): State {
  return carriedOutWith(actions, before, ({ class: name, key }) =>
    name === 'link'
      ? stateOf(['sysctl', { name: `net.ipv4.conf.${key}.forwarding`, value: 0 }]).values()
      : [],
  );
}

/** The node once the documents hold, made from the untouched one. */
function madeOf(given: readonly Document[]): { readonly plan: Plan; readonly state: State } {
  const plan = makePlan(inputOf(given, FOREIGN));
  return { plan, state: carriedOut(plan.actions, FOREIGN) };
}

/** Without routes over devices that are down. */
function isPossible({ diagnostics }: Plan): boolean {
  return diagnostics.every(({ code }) => code !== 'DOWN');
}

function specs(of: State): object {
  return Object.fromEntries([...of].map(([id, { spec }]) => [id, spec]).toSorted());
}

const twoRevisions = fc.tuple(documents, documents);

describe('for any documents', () => {
  it('a plan leads to what they declare, and a second one is empty', () => {
    fc.assert(
      fc.property(twoRevisions, ([a, b]) => {
        const first = madeOf(a);
        fc.pre(isPossible(first.plan));
        const input = inputOf(b, first.state, { owned: ownedBy(first.plan) });
        const plan = makePlan(input);
        fc.pre(isPossible(plan));
        expect(plan.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        const state = carriedOut(plan.actions, first.state);
        for (const { id, class: name, spec } of input.desired) {
          const kind = objectClass(name);
          expect(differing(kind, spec, state.get(id)?.spec ?? {}, kind.compare === 'whole')).toEqual([]);
        }
        expect(makePlan({ ...input, owned: ownedBy(plan), observed: state }).actions).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('undoing leads back to exactly what was there', () => {
    fc.assert(
      fc.property(twoRevisions, fc.nat(), ([a, b], cut) => {
        const first = madeOf(a);
        fc.pre(isPossible(first.plan));
        const plan = makePlan(inputOf(b, first.state, { owned: ownedBy(first.plan) }));
        fc.pre(isPossible(plan));
        // Also when only some of the steps were carried out.
        const done = plan.actions.slice(0, plan.actions.length === 0 ? 0 : cut % (plan.actions.length + 1));
        const state = carriedOut(done, first.state);
        const undo = restorePlan(imageOf(plan, first.state), state);
        expect(specs(carriedOut(undo.actions, state))).toEqual(specs(first.state));
      }),
      { numRuns: 500 },
    );
  });

  it('what is foreign stays as it is, and all of it returns when nothing is declared', () => {
    fc.assert(
      fc.property(documents, (given) => {
        const { plan, state } = madeOf(given);
        fc.pre(isPossible(plan));
        for (const id of ['link other0', 'address 192.0.2.1/24 dev other0', 'route main 192.0.3.0/24'])
          expect(state.get(id)).toEqual(FOREIGN.get(id));
        const away = makePlan(inputOf([], state, { owned: ownedBy(plan) }));
        const left = new Map([...carriedOut(away.actions, state)].filter(([id]) => FOREIGN.has(id)));
        expect(specs(left)).toEqual(specs(FOREIGN));
        expect(away.owns).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('the order of the documents does not matter', () => {
    fc.assert(
      fc.property(documents, (given) => {
        fc.pre(isPossible(madeOf(given).plan));
        const turned = given.map(({ value }) => {
          const spec = Object.entries(value.spec).map(([name, list]) => [
            name,
            Array.isArray(list) ? list.toReversed() : list,
          ]);
          return documentOf(Object.fromEntries(spec), value.kind);
        });
        expect(specs(madeOf(turned).state)).toEqual(specs(madeOf(given).state));
      }),
      { numRuns: 200 },
    );
  });
});
