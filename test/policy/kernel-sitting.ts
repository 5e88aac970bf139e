// SPDX-License-Identifier: Apache-2.0
// What the two judges in the kernel have in common: the policy of a step, compiled and in force.
import { type EndpointPlace, PolicyEnforcer } from '../../src/engine/policy/enforcer.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import { PolicyCompiler } from '../../src/policy/compile/compiler.ts';
import type { CompiledPolicy } from '../../src/policy/compiled.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { TEST_STATE } from '../helpers/policy-node.ts';
import { policyObject } from '../helpers/policy-star.ts';
import type { Situation } from './judge.ts';
import { worldIn } from './model-judge.ts';
import type { TableEndpoint, TruthTable } from './table.ts';

const SIZES = {
  endpoints: 16,
  v4: 512,
  v6: 64,
  peers: 256,
  sets: 64,
  ports: 1024,
  verdicts: 512,
  rules: 256,
  counters: 256,
};

/** Every endpoint that a table speaks of, as it is at first. */
export function endpointsIn(table: TruthTable): readonly TableEndpoint[] {
  const all = new Map<string, TableEndpoint>();
  for (const one of [...table.endpoints, ...table.steps.flatMap(({ endpoints = [] }) => endpoints)])
    if (!all.has(one.name)) all.set(one.name, one);
  return [...all.values()];
}

export class Enforcement {
  readonly #pins = bpffs();
  readonly #compiler = new PolicyCompiler();
  readonly enforcer: PolicyEnforcer;
  readonly #io: NamespaceIo;
  readonly #ifindexes: ReadonlyMap<string, number>;
  #places = new Map<string, EndpointPlace>();
  #compiled: CompiledPolicy | undefined;
  #started = false;

  private constructor(io: NamespaceIo, ifindexes: ReadonlyMap<string, number>) {
    this.#io = io;
    this.#ifindexes = ifindexes;
    this.enforcer = new PolicyEnforcer(
      createPolicyDatapath({ pinDir: this.#pins.path, object: policyObject }),
      TEST_STATE,
    );
  }

  /** @param ifindexes Devices of the endpoints by name. */
  static async start(io: NamespaceIo, ifindexes: ReadonlyMap<string, number>): Promise<Enforcement> {
    const made = new Enforcement(io, ifindexes);
    await made.enforcer.load(SIZES);
    return made;
  }

  /** @returns why the documents are refused. */
  async enter(situation: Situation): Promise<string | undefined> {
    const world = worldIn(situation);
    if (typeof world === 'string') return world;
    const compiled = this.#compiler.update(world);
    this.#places = new Map(
      [...this.#ifindexes].flatMap(([name, ifindex]) => {
        const endpoint = compiled.endpoint(name);
        if (endpoint === undefined) return [];
        return [[name, { io: this.#io, ifindex, side: 'workload' as const, endpoint }] as const];
      }),
    );
    await this.enforcer.update(compiled, [...this.#places.values()], !this.#started);
    this.#compiler.accept();
    this.#compiled = compiled;
    for (const place of this.#places.values()) await this.enforcer.attach(place);
    this.#started = true;
    return undefined;
  }

  place(name: string): EndpointPlace {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`${name} is no endpoint of the policy in force`);
    return place;
  }

  /** The rule of this number, in words. */
  ruleText(rule: number): string {
    const { policy, index, name } = this.#compiled?.rule(rule)?.origin ?? {};
    return policy === undefined || policy === '' ? `rule ${rule}` : `${policy} rule ${name ?? index}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.enforcer.unload();
    this.#pins[Symbol.dispose]();
  }
}
