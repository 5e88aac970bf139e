// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { validateDocuments } from '../../src/documents/validate.ts';
import type { EndpointSpec, NamedPort, PolicyDirection } from '../../src/model/policy.ts';
import { desiredObjects } from '../../src/plan/desired.ts';
import { type PolicyObject, worldOf } from '../../src/policy/build-world.ts';
import { judge as judgement } from '../../src/policy/evaluate.ts';
import { packetOf } from '../../src/policy/packet.ts';
import { parsePrefixes } from '../../src/policy/prefix-text.ts';
import type { PrefixList } from '../../src/policy/prefixes.ts';
import { policyErrors } from '../../src/policy/problems.ts';
import type { World } from '../../src/policy/world.ts';
import type { Judge, Judgement, Probe, Sitting, Situation } from './judge.ts';
import type { TableEndpoint } from './table.ts';

const NUMBERS = { TCP: 6, UDP: 17, SCTP: 132 } as const;

/** The device of an endpoint of a table, as the documents would name it. */
export function deviceOf(name: string): string {
  return `e-${name.replace(/[^a-z0-9]/g, '-')}`.slice(0, 15);
}

/** The endpoint of a table as a document would declare it. */
export function endpointOf({ name, labels = {}, addresses, ports = [] }: TableEndpoint): EndpointSpec {
  return {
    key: name,
    namespace: name.split('/')[0] as string,
    labels,
    side: 'workload',
    devices: [deviceOf(name)],
    addresses,
    ports: ports.flatMap(({ name: port, protocol, port: number }): NamedPort[] =>
      port === undefined ? [] : [{ name: port, protocol: NUMBERS[protocol], port: number }],
    ),
  };
}

/** The world of a step, or why its documents are refused. */
export function worldIn(situation: Situation): World | string {
  const { documents, problems } = validateDocuments(situation.documents);
  const declared = desiredObjects(documents);
  const [problem] = problems.length > 0 ? problems : declared.problems;
  if (problem !== undefined) return `${problem.document ?? ''} ${problem.path}: ${problem.problem}`;
  const given: PolicyObject[] = [
    ...[...situation.namespaces].map(([name, labels]) => ({ class: 'namespace', spec: { name, labels } })),
    ...[...situation.endpoints.values()].map((one) => ({ class: 'endpoint', spec: { ...endpointOf(one) } })),
  ];
  const world = worldOf([...given, ...declared.objects], readSet);
  return policyErrors(world)[0]?.message ?? world;
}

function readSet(path: string): PrefixList {
  return parsePrefixes(readFileSync(path), 1_000_000).list;
}

/** A packet that begins what a probe asks for. */
export function packetOfProbe({ source, destination, family, protocol, port = 0 }: Probe) {
  if (protocol === 'ICMP')
    return packetOf({ source, destination, protocol: family === 4 ? 1 : 58, type: family === 4 ? 8 : 128 });
  if (protocol === 'MLD') return packetOf({ source, destination, protocol: 58, type: 143 });
  return packetOf({ source, destination, protocol: NUMBERS[protocol], sourcePort: 40_000, port });
}

/** Judges by the pure model. */
export const modelJudge: Judge = {
  name: 'model',
  lacks: () => undefined,
  open: async () => new ModelSitting(),
};

class ModelSitting implements Sitting {
  readonly cannot = () => undefined;
  #world: World | undefined;

  async enter(situation: Situation): Promise<string | undefined> {
    const world = worldIn(situation);
    if (typeof world === 'string') return world;
    this.#world = world;
    return undefined;
  }

  async judge(probes: readonly Probe[]): Promise<readonly Judgement[]> {
    return probes.map((probe) => connection(this.#world as World, probe));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** What leaves the source must also enter the destination. */
function connection(world: World, probe: Probe): Judgement {
  const out = one(world, probe, probe.from, 'egress');
  return out.verdict === 'allow' ? one(world, probe, probe.to, 'ingress') : out;
}

function one(world: World, probe: Probe, key: string, direction: PolicyDirection): Judgement {
  const endpoint = world.endpoints.get(key) as EndpointSpec;
  const { verdict, by } = judgement(world, endpoint, direction, packetOfProbe(probe));
  const rule = 'rule' in by ? `${by.rule.policy} rule ${by.rule.name ?? by.rule.index}` : by.default;
  return { verdict, by: `${direction} of ${key}: ${rule}` };
}
