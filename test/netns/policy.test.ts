// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { handPolicy } from '../helpers/policy-hand.ts';
import { type PolicyNode, policyNode } from '../helpers/policy-node.ts';
import type { PeerProbe, ProbeOutcome } from '../helpers/policy-peer.ts';

const [A4, B4, C4] = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const;
const [A6, B6, C6] = ['fd77::1', 'fd77::2', 'fd77::3'] as const;
const MEMBERS = [
  { name: 'a', addresses: [A4, A6] },
  { name: 'b', addresses: [B4, B6] },
  { name: 'c', addresses: [C4, C6] },
];
const [TCP, UDP, ICMP, ICMPV6] = [6, 17, 1, 58];

async function node(): Promise<PolicyNode> {
  const made = await policyNode(MEMBERS);
  const { peer } = made.star.member('b');
  await Promise.all([peer.serve('TCP', 80), peer.serve('TCP', 81), peer.serve('UDP', 80)]);
  return made;
}

const probe = (to: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): PeerProbe => ({
  to,
  port,
  protocol,
  timeoutMs: 700,
});

/** As expected, in the end, and then once more. */
async function reaches(
  { star }: PolicyNode,
  from: string,
  probes: readonly PeerProbe[],
  expected: readonly ProbeOutcome[],
): Promise<void> {
  const { peer } = star.member(from);
  await expect.poll(() => peer.probe(probes), { timeout: 20_000 }).toEqual(expected);
  expect(await peer.probe(probes)).toEqual(expected);
}

function pings({ star }: PolicyNode, from: string, to: string): boolean {
  try {
    star.member(from).ns.exec('ping', '-q', '-c', '2', '-i', '0.1', '-W', '1', to);
    return true;
  } catch {
    return false;
  }
}

test('a workload that is isolated is reached by whom and where its rules say, and its own connections work', async () => {
  await using made = await node();
  await made.star.member('a').peer.serve('TCP', 90);
  const all = [probe(B4, 80), probe(B4, 81), probe(B6, 80), probe(B4, 80, 'UDP'), probe(B6, 80, 'UDP')];
  await reaches(made, 'a', all, ['open', 'open', 'open', 'open', 'open']);

  const rules = [
    { peer: A4, protocol: TCP, port: 80, action: 'allow' },
    { peer: A6, protocol: UDP, port: 80, action: 'allow' },
    { peer: C4, protocol: ICMP, action: 'allow' },
    { peer: C6, protocol: ICMPV6, action: 'allow' },
  ] as const;
  await made.enforce(handPolicy(2, { 2: { ingress: rules } }), true);
  await reaches(made, 'a', all, ['open', 'silent', 'silent', 'silent', 'open']);
  await reaches(made, 'c', all, ['silent', 'silent', 'silent', 'silent', 'silent']);
  expect(pings(made, 'a', B4)).toBe(false);
  expect(pings(made, 'a', B6)).toBe(false);
  expect(pings(made, 'c', B4)).toBe(true);
  expect(pings(made, 'c', B6)).toBe(true);
  // answers to what it begins itself
  await reaches(made, 'b', [probe(A4, 90), probe(A6, 90)], ['open', 'open']);
  expect(pings(made, 'b', C4)).toBe(true);

  const { packets } = made.enforcer.counters();
  expect(packets[2]).toBeGreaterThan(0);
  expect(packets[0]).toBeGreaterThan(0);
  expect(made.enforcer.drops()).toMatchObject({ BROKEN: { packets: 0 }, MALFORMED: { packets: 0 } });
  expect(made.enforcer.drops()['DENIED']?.packets).toBeGreaterThan(0);
});
