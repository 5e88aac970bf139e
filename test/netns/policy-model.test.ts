// SPDX-License-Identifier: Apache-2.0
// The programs against the model: the same worlds, and the same packets as frames.
import { expect, test } from 'vitest';
import { renderIp } from '../../src/base/ip.ts';
import { type EndpointPlace, PolicyEnforcer } from '../../src/engine/policy/enforcer.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import type { EndpointSpec } from '../../src/model/policy.ts';
import { PolicyCompiler } from '../../src/policy/compile/compiler.ts';
import { type CompiledPolicy, RULE_DEFAULT_ALLOW, RULE_ISOLATED } from '../../src/policy/compiled.ts';
import { type Decision, type Judgement, judge } from '../../src/policy/evaluate.ts';
import type { PolicyPacket } from '../../src/policy/packet.ts';
import type { World } from '../../src/policy/world.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { netns } from '../helpers/netns.ts';
import { frame } from '../helpers/policy-frames.ts';
import { TEST_STATE } from '../helpers/policy-node.ts';
import { policyObject } from '../helpers/policy-star.ts';
import { Chance, changedWorld, randomPacket, randomWorld } from '../policy/random-world.ts';

const PAIRS = 125_000;
const WORLDS = 12;
const CHANGES = 12;
const PACKETS = Math.ceil(PAIRS / WORLDS / CHANGES);
const DEVICES = 5;
const FIRST_SIZES = {
  endpoints: 16,
  v4: 64,
  v6: 16,
  peers: 16,
  sets: 16,
  ports: 64,
  verdicts: 64,
  rules: 64,
  counters: 64,
};

/** As the model words it, and the datapath too: a set that says nothing and one in which nothing matches are the same. */
function worded({ verdict, by }: Decision): string {
  if ('rule' in by) return `${verdict} by ${by.rule.policy} ${by.rule.direction} ${by.rule.index}`;
  return by.default === 'isolated' ? 'isolated' : 'allow';
}

function expected(judgement: Judgement): string {
  const { audit } = judgement;
  return `${worded(judgement)} | ${audit === undefined ? 'the same' : worded(audit)}`;
}

function ruleText(compiled: CompiledPolicy, number: number): string {
  if (number === RULE_ISOLATED) return 'isolated';
  const rule = number === RULE_DEFAULT_ALLOW ? undefined : compiled.rule(number);
  if (rule === undefined || rule.origin.policy === '') return 'allow';
  return `${rule.action} by ${rule.origin.policy} ${rule.origin.direction} ${rule.origin.index}`;
}

/** Hop limits are those that keep neighbour discovery and multicast listening on their link. */
function frameOf({ source, destination, ...rest }: PolicyPacket): Uint8Array {
  const ttl = rest.type === 130 || rest.type === 143 ? 1 : 255;
  return frame({ ...rest, source: renderIp(source), destination: renderIp(destination), ttl });
}

test('100,000 packets in worlds that change: the programs decide as the model does, by the same rule', {
  timeout: 300_000,
}, async () => {
  await using ns = await netns('wPm');
  using pins = bpffs();
  const ifindexes: number[] = [];
  for (let i = 0; i < DEVICES; i++) {
    ns.ip('link', 'add', `a${i}`, 'type', 'veth', 'peer', 'name', `b${i}`);
    for (const device of [`a${i}`, `b${i}`])
      ifindexes.push(
        (JSON.parse(ns.ip('-j', 'link', 'show', device)) as { ifindex: number }[])[0]?.ifindex ?? 0,
      );
  }
  const io = await ns.io();
  const enforcer = new PolicyEnforcer(
    createPolicyDatapath({ pinDir: pins.path, object: policyObject }),
    TEST_STATE,
  );
  await enforcer.load(FIRST_SIZES);
  let pairs = 0;
  for (let seed = 1; seed <= WORLDS; seed++) {
    const chance = new Chance(seed);
    const compiler = new PolicyCompiler();
    let world: World = randomWorld(chance);
    for (let change = 0; change < CHANGES; change++) {
      const compiled = compiler.update(world);
      const enforced = [...world.endpoints.values()].filter(({ devices }) => devices.length > 0);
      const places = new Map<EndpointSpec, EndpointPlace>();
      for (const [i, spec] of enforced.entries()) {
        const endpoint = compiled.endpoint(spec.key);
        const ifindex = ifindexes[i];
        if (endpoint !== undefined && ifindex !== undefined)
          places.set(spec, { io, ifindex, endpoint, side: spec.side });
      }
      await enforcer.update(compiled, [...places.values()], change === 0);
      compiler.accept();
      for (const place of change === 0 ? places.values() : []) await enforcer.attach(place);
      for (let left = places.size > 0 ? PACKETS : 0; left > 0; left--) {
        const [spec, place] = chance.of([...places]);
        const direction = chance.of(['ingress', 'egress'] as const);
        const packet = randomPacket(chance, world, spec);
        const found = enforcer.trace(place, direction, frameOf(packet));
        const [by, audit] = [ruleText(compiled, found.rule), ruleText(compiled, found.auditRule)];
        const text = `${by} | ${by === audit ? 'the same' : audit}`;
        const wanted = judge(world, spec, direction, packet);
        pairs++;
        if (text !== expected(wanted) || found.verdict !== wanted.verdict)
          expect({
            seed,
            change,
            spec,
            direction,
            packet,
            found,
            text,
            verdict: found.verdict,
          }).toMatchObject({
            text: expected(wanted),
            verdict: wanted.verdict,
          });
      }
      world = changedWorld(chance, world);
    }
  }
  await enforcer.unload();
  expect(pairs).toBeGreaterThan(PAIRS * 0.8);
  process.stdout.write(`${pairs} pairs\n`);
});
