// SPDX-License-Identifier: Apache-2.0
import { type EndpointPlace, PolicyEnforcer, type StateSizes } from '../../src/engine/policy/enforcer.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import type { CompiledPolicy, PolicySizes } from '../../src/policy/compiled.ts';
import { bpffs } from './bpffs.ts';
import { HAND_SIZES } from './policy-hand.ts';
import { type PolicyStar, policyObject, policyStar, type StarEndpoint } from './policy-star.ts';

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
  /** Another enforcer on the same pins, as after a restart. */
  restart(): PolicyEnforcer;
  /** Places of all members that are endpoints of the policy: number i+1 is member i. */
  places(compiled: CompiledPolicy): Promise<readonly EndpointPlace[]>;
  /** Put a policy in force and attach its places. */
  enforce(compiled: CompiledPolicy, whole?: boolean): Promise<void>;
}

/** A node whose members are endpoints `hand/1`, `hand/2` and so on, in order. */
export async function policyNode(
  endpoints: readonly StarEndpoint[],
  sizes: PolicySizes = HAND_SIZES,
  state: StateSizes = TEST_STATE,
): Promise<PolicyNode> {
  const star = await policyStar(endpoints);
  const pins = bpffs();
  const make = () =>
    new PolicyEnforcer(createPolicyDatapath({ pinDir: pins.path, object: policyObject }), state);
  let enforcer = make();
  await enforcer.load(sizes);
  const places = async (compiled: CompiledPolicy) => {
    const io = await star.hub.io();
    return [...star.members.values()].flatMap(({ ifindex }, i): EndpointPlace[] => {
      const endpoint = compiled.endpoint(`hand/${i + 1}`);
      return endpoint === undefined
        ? []
        : [{ io, ifindex, endpoint, side: endpoint.host ? 'host' : 'workload' }];
    });
  };
  return {
    star,
    get enforcer() {
      return enforcer;
    },
    pinDir: pins.path,
    restart: () => (enforcer = make()),
    places,
    async enforce(compiled, whole = false) {
      const all = await places(compiled);
      await enforcer.update(compiled, all, whole);
      for (const place of all) await enforcer.attach(place);
    },
    async [Symbol.asyncDispose]() {
      await enforcer.unload();
      await star[Symbol.asyncDispose]();
      pins[Symbol.dispose]();
    },
  };
}
