// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Document, DocumentSpec } from '../../plan/document.ts';
import { declaredIn, documentNameOf, documentsFor } from './documents.ts';
import type { Proposal } from './rule.ts';

function documentOf(kind: 'Tuning' | 'Network', name: string, spec: DocumentSpec): Document {
  return { name: `${kind}/${name}`, value: { apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec } };
}

const somaxconn: Proposal = { sysctl: 'net.core.somaxconn', value: 512 };
const steering: Proposal = { dev: 'eth0', setting: 'queues.rps_cpus', value: '2' };
const ring: Proposal = { dev: 'eth0', setting: 'rings.rx', value: 512 };
const queue: Proposal = { dev: 'eth0', setting: 'txqlen', value: 2000 };

function specs(proposals: readonly Proposal[], documents: readonly Document[] = [], netns = '') {
  const made = documentsFor(proposals, netns, 'advice-x', documents);
  return Object.fromEntries(made.map(({ kind, metadata, spec }) => [`${kind}/${metadata.name}`, spec]));
}

describe('advice becomes documents', () => {
  it('of its own', () => {
    expect(specs([somaxconn, steering, ring, queue], [], 'blue')).toEqual({
      'Tuning/advice-x': {
        netns: 'blue',
        sysctls: { 'net.core.somaxconn': 512 },
        devices: [{ dev: 'eth0', queues: { rps_cpus: '2' }, rings: { rx: 512 } }],
      },
      'Network/advice-x': { netns: 'blue', links: [{ name: 'eth0', txqlen: 2000 }] },
    });
  });

  it('that declare the object already, with all else that they say', () => {
    const tuning = documentOf('Tuning', 'mine', {
      sysctls: { 'net/core/somaxconn': 128, 'net.ipv4.ip_forward': 1 },
      devices: [{ dev: 'eth0', queues: { rps_flow_cnt: 16 } }, { dev: 'eth1' }],
    });
    const network = documentOf('Network', 'links', { links: [{ name: 'eth0', mtu: 9000 }] });
    expect(specs([somaxconn, steering, queue], [tuning, network])).toEqual({
      'Tuning/mine': {
        sysctls: { 'net/core/somaxconn': 512, 'net.ipv4.ip_forward': 1 },
        devices: [{ dev: 'eth0', queues: { rps_flow_cnt: 16, rps_cpus: '2' } }, { dev: 'eth1' }],
      },
      'Network/links': { links: [{ name: 'eth0', mtu: 9000, txqlen: 2000 }] },
    });
    expect(Object.keys(specs([somaxconn], [tuning], 'blue'))).toEqual(['Tuning/advice-x']);
  });

  it('beside a profile: sysctls in a document of their own, devices where the profile is', () => {
    const profile = documentOf('Tuning', 'profile', { profile: 'many-connections' });
    expect(specs([somaxconn, ring], [profile])).toEqual({
      'Tuning/profile': { profile: 'many-connections', devices: [{ dev: 'eth0', rings: { rx: 512 } }] },
      'Tuning/advice-x': { sysctls: { 'net.core.somaxconn': 512 } },
    });
  });
});

it('what documents declare is known by setting, not by device', () => {
  const tuning = documentOf('Tuning', 'mine', {
    profile: 'gateway',
    sysctls: { 'net/core/somaxconn': 128 },
    devices: [{ dev: 'eth0', queues: { rps_flow_cnt: 16 } }],
  });
  const network = documentOf('Network', 'links', {
    links: [
      { name: 'eth0', mtu: 9000 },
      { name: 'eth1', txqlen: 1 },
    ],
  });
  const declared = declaredIn([tuning, network], '');
  const names = [
    'sysctl net.core.somaxconn',
    'sysctl net.netfilter.nf_conntrack_max',
    'sysctl net.ipv4.tcp_rmem',
    'eth0 queues.rps_flow_cnt',
    'eth0 queues.rps_cpus',
    'eth0 txqlen',
    'eth1 txqlen',
  ];
  expect(names.filter(declared)).toEqual([names[0], names[1], names[3], names[6]]);
  expect(names.filter(declaredIn([tuning, network], 'blue'))).toEqual([]);
});

it('names of documents fit the schema', () => {
  expect(documentNameOf('qdisc-drops.eth0@blue')).toBe('advice-qdisc-drops.eth0-blue');
  const long = documentNameOf(`coalescing.${'a_b'.repeat(40)}`);
  expect(long.length).toBeLessThanOrEqual(63);
  expect(long).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
});
