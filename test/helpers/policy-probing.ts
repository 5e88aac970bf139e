// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import { HAND_SIZES } from './policy-hand.ts';
import { type PolicyNode, policyNode, TEST_STATE } from './policy-node.ts';
import type { PeerProbe, ProbeOutcome } from './policy-peer.ts';
import type { PolicyStar } from './policy-star.ts';

export const [A4, B4, C4] = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const;
export const [A6, B6, C6] = ['fd77::1', 'fd77::2', 'fd77::3'] as const;
export const [TCP, UDP, ICMP, ICMPV6] = [6, 17, 1, 58] as const;

/** Workloads of a star. */
export const MEMBERS = [
  { name: 'a', addresses: [A4, A6] },
  { name: 'b', addresses: [B4, B6] },
  { name: 'c', addresses: [C4, C6] },
];

/** Workloads a, b and c, endpoints 1, 2 and 3; b serves TCP 80 and 81 and UDP 80. */
export async function threeWorkloads(clsact = false): Promise<PolicyNode> {
  const made = await policyNode(MEMBERS, HAND_SIZES, TEST_STATE, clsact);
  const { peer } = made.star.member('b');
  await Promise.all([peer.serve('TCP', 80), peer.serve('TCP', 81), peer.serve('UDP', 80)]);
  return made;
}

export const probe = (to: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): PeerProbe => ({
  to,
  port,
  protocol,
  timeoutMs: 700,
});

/** As expected, in the end, and then once more. */
export async function reaches(
  { star }: { readonly star: PolicyStar },
  from: string,
  probes: readonly PeerProbe[],
  expected: readonly ProbeOutcome[],
): Promise<void> {
  const { peer } = star.member(from);
  await expect.poll(() => peer.probe(probes), { timeout: 20_000 }).toEqual(expected);
  expect(await peer.probe(probes)).toEqual(expected);
}

export function pings(
  { star }: PolicyNode,
  from: string,
  to: string,
  ...options: readonly string[]
): boolean {
  try {
    star.member(from).ns.exec('ping', '-q', '-c', '2', '-i', '0.1', '-W', '1', ...options, to);
    return true;
  } catch {
    return false;
  }
}
