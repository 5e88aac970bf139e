// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { EndpointSpec, PolicyDirection } from '../../src/model/policy.ts';
import { PolicyCompiler } from '../../src/policy/compile/compiler.ts';
import {
  type CompiledPolicy,
  type MapChanges,
  RULE_DEFAULT_ALLOW,
  RULE_ISOLATED,
  type RuleOrigin,
} from '../../src/policy/compiled.ts';
import { type Decision, type Judgement, judge } from '../../src/policy/evaluate.ts';
import type { PolicyPacket } from '../../src/policy/packet.ts';
import { EMPTY_WORLD, type World } from '../../src/policy/world.ts';
import { Arrays, MapStore, type MapVerdict, PASSED } from './map-store.ts';
import { Chance, changedWorld, randomPacket, randomWorld } from './random-world.ts';

/** Pairs of a world and a packet that this file compares. */
const PAIRS = 120_000;
const PACKETS = 60;

interface Pair {
  readonly endpoint: EndpointSpec;
  readonly direction: PolicyDirection;
  readonly packet: PolicyPacket;
}

/** The decision as the model words it. */
function textOf({ verdict, by }: Decision): string {
  if ('rule' in by) return `${verdict} by ${by.rule.policy} ${by.rule.direction} ${by.rule.index}`;
  // of a set that says nothing, and of one in which no rule matches, the datapath says the same
  return by.default === 'isolated' ? 'isolated' : 'allow';
}

function expected(judgement: Judgement): string {
  const { audit } = judgement;
  return `${textOf(judgement)} | ${audit === undefined ? 'the same' : textOf(audit)}`;
}

/** The decision as the maps word it. */
function ruleText(compiled: CompiledPolicy, number: number): string {
  if (number === RULE_ISOLATED) return 'isolated';
  if (number === RULE_DEFAULT_ALLOW || number === PASSED.rule) return 'allow';
  const rule = compiled.rule(number);
  if (rule === undefined) throw new Error(`there is no rule ${number}`);
  return `${rule.action} by ${rule.origin.policy} ${rule.origin.direction} ${rule.origin.index}`;
}

function found(compiled: CompiledPolicy, { rule, auditRule }: MapVerdict): string {
  const [enforced, audited] = [ruleText(compiled, rule), ruleText(compiled, auditRule)];
  return `${enforced} | ${enforced === audited ? 'the same' : audited}`;
}

function pairs(chance: Chance, world: World, count: number): readonly Pair[] {
  const enforced = [...world.endpoints.values()].filter(({ devices }) => devices.length > 0);
  if (enforced.length === 0) return [];
  return Array.from({ length: count }, () => {
    const endpoint = chance.of(enforced);
    const direction = chance.of(['ingress', 'egress'] as const);
    return { endpoint, direction, packet: randomPacket(chance, world, endpoint) };
  });
}

function verdict(
  store: MapStore,
  compiled: CompiledPolicy,
  { endpoint, direction, packet }: Pair,
): MapVerdict {
  const record = compiled.endpoint(endpoint.key);
  if (record === undefined) throw new Error(`${endpoint.key} is not compiled`);
  return store.judge(record.endpoint, direction, packet);
}

function freshStore(compiled: CompiledPolicy): MapStore {
  const arrays = new Arrays();
  const store = new MapStore(arrays);
  const contents = compiled.contents();
  arrays.write(contents);
  store.apply({ ...contents, v6: contents.v6.map((one) => ({ ...one, before: 0 })) });
  return store;
}

/** Content that does not depend on where it stands. */
function recordsOf(store: MapStore): string {
  const sorted = <V>(map: ReadonlyMap<unknown, V>) =>
    [...map].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify({
    endpoints: sorted(store.endpoints),
    v6: sorted(store.v6).map(([key, { identity }]) => [key, identity]),
    peers: sorted(store.peers),
    sets: sorted(store.sets),
    roots: sorted(store.roots).filter(([, node]) => node !== 0),
  });
}

describe('compiled policies', () => {
  it(`say of ${PAIRS} random packets what the model says, after every change`, () => {
    let compared = 0;
    for (let seed = 1; compared < PAIRS; seed++) {
      const chance = new Chance(seed);
      const compiler = new PolicyCompiler();
      const arrays = new Arrays();
      const store = new MapStore(arrays);
      let world = randomWorld(chance);
      for (let step = 0; step < 12; step++) {
        if (chance.once(4)) compiler.update(changedWorld(chance, world));
        const compiled = compiler.update(world);
        arrays.write(compiled.changes);
        store.apply(compiled.changes);
        compiler.accept();
        for (const pair of pairs(chance, world, PACKETS)) {
          const { endpoint, direction, packet } = pair;
          const wanted = expected(judge(world, endpoint, direction, packet));
          const got = found(compiled, verdict(store, compiled, pair));
          if (got !== wanted)
            expect(`${got} (seed ${seed}, step ${step}, ${JSON.stringify(pair)})`).toBe(wanted);
          compared++;
        }
        world = changedWorld(chance, world);
      }
    }
    expect(compared).toBeGreaterThanOrEqual(PAIRS);
  }, 600_000);

  it('are the same whether they grew or were made at once', () => {
    for (let seed = 1; seed < 60; seed++) {
      const chance = new Chance(seed);
      const compiler = new PolicyCompiler();
      const store = new MapStore(new Arrays());
      let world = randomWorld(chance);
      for (let step = 0; step < 6; step++) {
        const compiled = compiler.update(world);
        store.arrays.write(compiled.changes);
        store.apply(compiled.changes);
        compiler.accept();
        expect(recordsOf(store) === recordsOf(freshStore(compiled)), `seed ${seed}, step ${step}`).toBe(true);
        world = changedWorld(chance, world);
      }
    }
  }, 120_000);

  it('leave alone what packets of the former epoch look at', () => {
    for (let seed = 1; seed < 60; seed++) {
      const chance = new Chance(seed);
      const compiler = new PolicyCompiler();
      const store = new MapStore(new Arrays());
      let world = randomWorld(chance);
      for (let step = 0; step < 8; step++) {
        const first = compiler.update(world);
        store.arrays.write(first.changes);
        store.apply(first.changes);
        compiler.accept();
        const asked = pairs(chance, world, 30);
        const before = asked.map((pair) => actionOf(store, verdict(store, first, pair)));
        const numbers = asked.map((pair) => first.endpoint(pair.endpoint.key)?.endpoint ?? 0);
        world = changedWorld(chance, world);
        // all that is written before the flip
        store.arrays.write(compiler.update(world).changes);
        const after = asked.map(({ direction, packet }, i) =>
          actionOf(store, store.judge(numbers[i] as number, direction, packet)),
        );
        expect(after, `seed ${seed}, step ${step}`).toEqual(before);
      }
    }
  }, 120_000);

  it('change nothing for a world that is the same', () => {
    const chance = new Chance(7);
    const compiler = new PolicyCompiler();
    const world = randomWorld(chance);
    compiler.update(world);
    compiler.accept();
    const { changes } = compiler.update({ ...world, policies: new Map(world.policies) });
    expect(Object.values(changes).flat()).toEqual([]);
  });

  it('give back all that they took', () => {
    const compiler = new PolicyCompiler();
    const chance = new Chance(3);
    for (let i = 0; i < 50; i++) {
      compiler.update(randomWorld(chance));
      compiler.accept();
    }
    const { changes: _, ...empty } = compiler.update(EMPTY_WORLD);
    compiler.accept();
    const { endpoints, v4Roots, v6, peers, sets, ports, verdicts, rules } = empty.contents();
    expect({ endpoints, v4Roots, v6, peers, sets, ports, verdicts }).toEqual({
      endpoints: [],
      v4Roots: [],
      v6: [],
      peers: [],
      sets: [],
      ports: [],
      verdicts: [],
    });
    expect(rules).toHaveLength(2);
  });
});

describe('a compiler that follows another one', () => {
  it('gives endpoints and rules the numbers that they had, and counts on', () => {
    for (let seed = 1; seed < 100; seed++) {
      const chance = new Chance(seed);
      const first = new PolicyCompiler();
      let world = randomWorld(chance);
      for (let i = 0; i < 5; i++) {
        first.update(world);
        first.accept();
        world = changedWorld(chance, world);
      }
      const before = first.update(world);
      first.accept();
      const { endpoints, rules } = before.contents();
      const numbers = {
        endpoints: new Map(endpoints.map(({ key, endpoint }) => [key, endpoint])),
        counters: new Map(rules.map(({ origin, counter }) => [counterName(origin), counter])),
      };
      const second = new PolicyCompiler({ epoch: before.epoch, numbers });
      const after = second.update(world);
      const again = after.contents();
      expect(after.epoch).toBe(before.epoch + 1);
      expect(after.changes.countersNew, `seed ${seed}`).toEqual([]);
      expect(sortedNumbers(again)).toEqual(sortedNumbers({ endpoints, rules }));
      second.accept();
      // what comes later takes nobody's number
      const later = second.update(changedWorld(chance, world)).contents();
      expect(new Set(later.endpoints.map(({ endpoint }) => endpoint)).size).toBe(later.endpoints.length);
      expect(new Set(later.rules.map(({ counter }) => counter)).size).toBe(later.rules.length);
    }
  }, 60_000);
});

function counterName({ policy, direction, name, index }: RuleOrigin): string {
  return `${policy} ${direction} ${name ?? index}`;
}

function sortedNumbers({ endpoints, rules }: Pick<MapChanges, 'endpoints' | 'rules'>): unknown {
  return [
    endpoints.map(({ key, endpoint }) => `${key} ${endpoint}`).sort(),
    rules.map(({ origin, counter }) => `${counterName(origin)} ${counter}`).sort(),
  ];
}

function actionOf(store: MapStore, { rule, auditRule }: MapVerdict): string {
  const text = (number: number) =>
    number < 0 ? 'passed' : JSON.stringify(store.arrays.rules[number]?.action ?? number);
  return `${text(rule)} ${text(auditRule)}`;
}
