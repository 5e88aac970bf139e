// SPDX-License-Identifier: Apache-2.0
// A process that puts hand-made policies in force without end, to be killed: arguments are the directory of the pins, the
// namespace and the device. It says `ready` after the first one.
import { PolicyEnforcer } from '../../src/engine/policy/enforcer.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { HAND_SIZES, handPolicy } from './policy-hand.ts';
import { TEST_STATE } from './policy-node.ts';
import { policyObject } from './policy-star.ts';

const [pinDir = '', netns = '', ifindex = '', peer = ''] = process.argv.slice(2);
const enforcer = new PolicyEnforcer(createPolicyDatapath({ pinDir, object: policyObject }), TEST_STATE);
await enforcer.load(HAND_SIZES);
const io = await namespaces().open(netns);
for (let epoch = 2; ; epoch++) {
  const rules = [{ peer, protocol: 6, port: 80, action: 'allow' }] as const;
  const compiled = handPolicy(epoch, { 2: { ingress: rules } });
  const endpoint = compiled.endpoint('hand/2');
  if (endpoint === undefined) throw new Error('there is no endpoint');
  const place = { io, ifindex: Number(ifindex), endpoint, side: 'workload' } as const;
  // some of them make all maps anew
  await enforcer.update(compiled, [place], epoch % 10 === 2);
  await enforcer.attach(place);
  if (epoch === 2) process.stdout.write('ready\n');
}
