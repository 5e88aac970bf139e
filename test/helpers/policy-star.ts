// SPDX-License-Identifier: Apache-2.0
// A node with workloads: a namespace that forwards, and one namespace with a process for each endpoint, each behind a
// device of its own.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { netns, type TestNetns } from './netns.ts';
import { type PolicyPeer, policyPeer } from './policy-peer.ts';

export interface StarEndpoint {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface StarMember {
  readonly ns: TestNetns;
  readonly peer: PolicyPeer;
  /** Of the device in the hub. */
  readonly ifindex: number;
  readonly device: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

export interface PolicyStar extends AsyncDisposable {
  readonly hub: TestNetns;
  readonly members: ReadonlyMap<string, StarMember>;
  member(name: string): StarMember;
}

const GATEWAY = { 4: '169.254.1.1', 6: 'fe80::1' } as const;

function batch(ns: TestNetns, lines: readonly string[]): void {
  execFileSync('ip', ['-n', ns.name, '-batch', '-'], { input: lines.join('\n'), stdio: 'pipe' });
}

async function member(
  hub: TestNetns,
  { name: _, addresses }: StarEndpoint,
  index: number,
): Promise<StarMember> {
  const ns = await netns('wP');
  const device = `w${index}`;
  hub.ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns.name);
  const v6 = addresses.some((address) => address.includes(':'));
  batch(hub, [
    `addr add ${GATEWAY[4]}/32 dev ${device}`,
    ...(v6 ? [`addr add ${GATEWAY[6]}/64 dev ${device} nodad`] : []),
    `link set ${device} up`,
  ]);
  batch(ns, [
    ...addresses.map((address) => `addr add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`),
    'link set eth0 up',
    `route add ${GATEWAY[4]} dev eth0`,
    `route add default via ${GATEWAY[4]} dev eth0`,
    ...(v6 ? [`route add default via ${GATEWAY[6]} dev eth0`] : []),
  ]);
  batch(
    hub,
    addresses.map((address) => `route add ${address} dev ${device}`),
  );
  const [link] = JSON.parse(hub.ip('-j', 'link', 'show', device)) as { ifindex: number; address: string }[];
  return {
    ns,
    peer: policyPeer(ns.name),
    device,
    ifindex: link?.ifindex ?? 0,
    mac: link?.address ?? '',
    addresses,
  };
}

export async function policyStar(endpoints: readonly StarEndpoint[]): Promise<PolicyStar> {
  const hub = await netns('wP');
  const members = new Map<string, StarMember>();
  const dispose = async () => {
    for (const { peer, ns } of members.values()) {
      await peer[Symbol.asyncDispose]();
      await ns[Symbol.asyncDispose]();
    }
    await hub[Symbol.asyncDispose]();
  };
  try {
    hub.exec(
      'sysctl',
      '-qw',
      'net.ipv4.ip_forward=1',
      'net.ipv6.conf.all.forwarding=1',
      'net.ipv4.icmp_ratelimit=0',
    );
    for (const [index, endpoint] of endpoints.entries())
      members.set(endpoint.name, await member(hub, endpoint, index));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    hub,
    members,
    member: (name) => members.get(name) as StarMember,
    [Symbol.asyncDispose]: dispose,
  };
}

/** The object of the policy's programs. */
export function policyObject(): Uint8Array {
  return readFileSync(new URL('../../ebpf/build/policy.bpf.o', import.meta.url));
}
