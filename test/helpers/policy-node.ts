// SPDX-License-Identifier: Apache-2.0
import { type EndpointPlace, PolicyEnforcer } from '../../src/engine/policy/enforcer.ts';
import type { StateSizes } from '../../src/engine/policy/map-sizes.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import type { CompiledPolicy, PolicySizes } from '../../src/policy/compiled.ts';
import { bpffs } from './bpffs.ts';
import { HAND_SIZES, type HandRecord } from './policy-hand.ts';
import { type PolicyStar, policyObject, policyStar, type StarEndpoint } from './policy-star.ts';

/** TC_ACT_UNSPEC and TC_ACT_SHOT; an answer is TC_ACT_REDIRECT. */
const TC_RESULTS: Readonly<Record<number, 'pass' | 'drop'>> = { [-1]: 'pass', 2: 'drop' };

/** Small tables, quickly made. */
export const TEST_STATE: StateSizes = {
  places: 64,
  flows: 4096,
  newFlows: 2048,
  buckets: 1024,
  fragments: 1024,
  log: 1 << 16,
};

export interface PolicyNode extends AsyncDisposable {
  readonly star: PolicyStar;
  readonly enforcer: PolicyEnforcer;
  readonly pinDir: string;
  /** Run the program of a workload on a frame, with all its effects, as if it passed the workload's device. */
  run(name: string, direction: 'ingress' | 'egress', frame: Uint8Array): 'pass' | 'drop' | 'answer';
  /** Another enforcer on the same pins, as after a restart. */
  restart(): PolicyEnforcer;
  /** Places of all members that are endpoints of the policy: number i+1 is member i. */
  places(compiled: CompiledPolicy): Promise<readonly EndpointPlace[]>;
  /** Put a policy in force where everything is attached. */
  update(compiled: CompiledPolicy): Promise<void>;
  /** Put a policy in force, attach its places and detach all others. */
  enforce(compiled: CompiledPolicy, whole?: boolean): Promise<void>;
}

/** A node whose members are endpoints `hand/1`, `hand/2` and so on, in order. */
export async function policyNode(
  endpoints: readonly StarEndpoint[],
  sizes: PolicySizes = HAND_SIZES,
  state: StateSizes = TEST_STATE,
  clsact = false,
): Promise<PolicyNode> {
  const star = await policyStar(endpoints);
  const pins = bpffs();
  const datapath = () => createPolicyDatapath({ pinDir: pins.path, object: policyObject, clsact });
  const first = datapath();
  const make = (one = datapath()) => new PolicyEnforcer(one, state);
  let enforcer = make(first);
  await enforcer.load(sizes);
  let io: NamespaceIo | undefined;
  const places = async (compiled: CompiledPolicy) => {
    const here = await star.hub.io();
    io = here;
    return [...star.members.values()].flatMap(({ ifindex }, i): EndpointPlace[] => {
      const endpoint = compiled.endpoint(`hand/${i + 1}`) as HandRecord | undefined;
      if (endpoint === undefined) return [];
      const side = endpoint.host ? 'host' : 'workload';
      return [{ io: here, ifindex, endpoint, side, early: endpoint.early }];
    });
  };
  return {
    star,
    get enforcer() {
      return enforcer;
    },
    pinDir: pins.path,
    restart: () => (enforcer = make()),
    run(name, direction, bytes) {
      const { ifindex } = star.member(name);
      if (io === undefined) throw new Error('nothing is in force yet');
      const place = { io, ifindex, side: 'workload' } as const;
      return TC_RESULTS[first.run(place, direction, bytes, new Uint8Array(20))] ?? 'answer';
    },
    places,
    update: async (compiled) => enforcer.update(compiled, await places(compiled), false),
    async enforce(compiled, whole = false) {
      const all = await places(compiled);
      await enforcer.update(compiled, all, whole);
      for (const place of all) await enforcer.attach(place);
      for (const { space, ifindex } of enforcer.attachments())
        if (!all.some((one) => one.ifindex === ifindex && Number(one.io.netns.inode) === space))
          await enforcer.detach(space, ifindex);
    },
    async [Symbol.asyncDispose]() {
      await enforcer.unload();
      await star[Symbol.asyncDispose]();
      pins[Symbol.dispose]();
    },
  };
}
