// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from 'vitest';
import type { Spec } from '../../model/object.ts';
import type { Document, DocumentSpec } from '../../plan/document.ts';
import { boundsProblem, KNOBS, sysctlHandSet } from '../knobs.ts';
import { profileProblems, profilesOf, wholeProfile } from './chain.ts';
import { deviceProblem, sysctlProblem } from './check.ts';
import { valueOn } from './profile.ts';
import { PROFILES } from './registry.ts';
import { type NamespaceFacts, resolveProfiles } from './resolve.ts';

function documentOf(kind: 'Tuning' | 'Profile', name: string, spec: DocumentSpec): Document {
  return { name: `${kind}/${name}`, value: { apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec } };
}

const tuning = (spec: DocumentSpec, name = 'profile') => documentOf('Tuning', name, spec);

function resolved(
  documents: readonly Document[],
  facts: Partial<NamespaceFacts> = {},
  owned: readonly string[] = [],
) {
  const whole: NamespaceFacts = {
    memoryMiB: 1024,
    sysctls: new Map(),
    initial: true,
    congestionControls: ['reno'],
    devices: [],
    ...facts,
  };
  const { documents: found, ...rest } = resolveProfiles(documents, {
    facts: new Map([['', whole]]),
    lacks: new Set(['qdisc fq']),
    isOwned: (id) => owned.includes(id),
  });
  const last = found.at(-1) as Document;
  const notes = rest.notes.map(({ message }) => message);
  return { ...rest, notes, reasons: last.reasons, spec: last.value.spec as Spec };
}

const own = documentOf('Profile', 'own', {
  sysctls: {
    'net.core.somaxconn': { value: 8192, reason: 'bursts', source: 'measured' },
    'net/ipv4/tcp_fin_timeout': 20,
    'net.netfilter.nf_conntrack_max': { value: { perMiB: 64, least: 1, most: 100_000 } },
  },
  devices: { 'coalesce.rx_usecs': 10, 'queues.rps_flow_cnt': 512 },
});

const DEFAULTS = new Map([
  ['net.core.somaxconn', 4096],
  ['net.ipv4.tcp_fin_timeout', 60],
  ['net.netfilter.nf_conntrack_max', 65_536],
]);

describe('a profile', () => {
  it('becomes settings with reasons', () => {
    const { spec, notes, reasons } = resolved([own, tuning({ profile: 'own' })], { sysctls: DEFAULTS });
    expect(notes).toEqual([]);
    expect(spec).toEqual({
      sysctls: {
        'net.core.somaxconn': 8192,
        'net.ipv4.tcp_fin_timeout': 20,
        'net.netfilter.nf_conntrack_max': 65_536,
      },
    });
    expect(reasons?.get('spec.sysctls.net.core.somaxconn')).toBe('bursts (own; measured)');
  });

  it('yields to what documents say', () => {
    const other = tuning({ sysctls: { 'net/ipv4/tcp_fin_timeout': 7 } }, 'other');
    const document = tuning({ profile: 'own', sysctls: { 'net.core.somaxconn': 1 } });
    const { spec } = resolved([own, other, document], { sysctls: DEFAULTS });
    expect(spec['sysctls']).toEqual({ 'net.core.somaxconn': 1, 'net.netfilter.nf_conntrack_max': 65_536 });
  });

  it('leaves out what is not there, what belongs to the machine, and what somebody set', () => {
    const sysctls = new Map([
      ['net.core.somaxconn', 1000],
      ['net.netfilter.nf_conntrack_max', 65_536],
    ]);
    const { spec, notes } = resolved([own, tuning({ profile: 'own' })], { sysctls, initial: false });
    expect(spec['sysctls']).toEqual({});
    expect(notes).toEqual([
      'sysctl net.core.somaxconn of the profile own is left out: somebody else set it to 1000; `override: true` takes it',
      'sysctl net.ipv4.tcp_fin_timeout of the profile own is left out: this namespace does not have it',
      expect.stringContaining('first network namespace'),
    ]);
  });

  it('takes what somebody set when it is told to, and keeps what is its own already', () => {
    const sysctls = new Map([['net.core.somaxconn', 1000]]);
    const told = resolved([own, tuning({ profile: { name: 'own', override: true } })], { sysctls });
    expect(told.spec['sysctls']).toEqual({ 'net.core.somaxconn': 8192 });
    const kept = resolved([own, tuning({ profile: 'own' })], { sysctls }, ['sysctl net.core.somaxconn']);
    expect(kept.spec['sysctls']).toEqual({ 'net.core.somaxconn': 8192 });
  });

  it('sets of devices what their drivers have: of hardware, or of those that are named', () => {
    const devices = [
      {
        name: 'eth0',
        hardware: true,
        spec: { coalesce: { rx_usecs: 3 }, queues: { rps_flow_cnt: { 0: 0 } } },
      },
      { name: 'v0', hardware: false, spec: { queues: { rps_flow_cnt: { 0: 16 } } } },
      { name: 'v1', hardware: false, spec: { queues: { rps_flow_cnt: { 0: 0, 1: 0 } } } },
    ];
    const hardware = resolved([own, tuning({ profile: 'own' })], { devices });
    expect(hardware.spec['devices']).toEqual([
      { dev: 'eth0', coalesce: { rx_usecs: 10 }, queues: { rps_flow_cnt: 512 } },
    ]);
    const named = resolved([own, tuning({ profile: { name: 'own', devices: ['v*'] } })], { devices });
    expect(named.spec['devices']).toEqual([{ dev: 'v1', queues: { rps_flow_cnt: 512 } }]);
    expect(named.notes).toContain(
      'queues.rps_flow_cnt of v0 of the profile own is left out: somebody else set it to {"0":16}; `override: true` takes it',
    );
    const item = { dev: 'eth0', coalesce: { rx_usecs: 50, tx_usecs: 1 } };
    const mixed = resolved([own, tuning({ profile: 'own', devices: [item] })], { devices });
    expect(mixed.spec['devices']).toEqual([{ ...item, queues: { rps_flow_cnt: 512 } }]);
    const other = tuning({ devices: [item] }, 'other');
    expect(resolved([own, other, tuning({ profile: 'own' })], { devices }).spec['devices']).toBeUndefined();
  });

  it('says which of the named devices are not there', () => {
    const devices = [{ name: 'eth0', hardware: true, spec: { coalesce: { rx_usecs: 3 } } }];
    const document = tuning({ profile: { name: 'own', devices: ['eth*', 'eht1'] } });
    const { spec, notes } = resolved([own, document], { sysctls: DEFAULTS, devices });
    expect(spec['devices']).toEqual([{ dev: 'eth0', coalesce: { rx_usecs: 10 } }]);
    expect(notes).toContain('device eht1 of the profile own is left out: there is none of that name');
  });

  it('leaves out what this kernel lacks', () => {
    const sysctls = new Map<string, number | string>([
      ['net.core.default_qdisc', 'pfifo_fast'],
      ['net.ipv4.tcp_congestion_control', 'cubic'],
    ]);
    const { notes } = resolved([tuning({ profile: 'high-throughput' })], { sysctls });
    expect(notes).toContainEqual(expect.stringContaining('this kernel has no qdisc fq'));
    expect(notes).toContainEqual(expect.stringContaining('bbr is not among'));
    const able = resolved([tuning({ profile: 'high-throughput' })], { sysctls, congestionControls: ['bbr'] });
    expect(able.spec['sysctls']).toEqual({ 'net.ipv4.tcp_congestion_control': 'bbr' });
  });

  it('inherits, overrides and drops', () => {
    const child = documentOf('Profile', 'child', {
      inherits: 'own',
      sysctls: { 'net.core.somaxconn': null, 'net.ipv4.tcp_fin_timeout': 40 },
    });
    const { spec } = resolved([own, child, tuning({ profile: 'child' })], { sysctls: DEFAULTS });
    expect(spec['sysctls']).toEqual({
      'net.ipv4.tcp_fin_timeout': 40,
      'net.netfilter.nf_conntrack_max': 65_536,
    });
  });
});

describe('mistakes are told', () => {
  const problems = (...documents: Document[]) =>
    [...profileProblems(documents), ...resolved(documents).problems].map(
      ({ document, path, problem }) => `${document} ${path}: ${problem}`,
    );

  it('of names', () => {
    expect(problems(tuning({ profile: 'gatway' }))).toEqual([
      'Tuning/profile spec.profile: there is no profile gatway, did you mean "gateway"?',
    ]);
    expect(problems(tuning({ profile: 'gateway' }, 'a'), tuning({ profile: 'low-power' }, 'b'))).toEqual([
      'Tuning/b spec.profile: Tuning/a chooses a profile for this namespace already: keep one of the two',
    ]);
    expect(problems(documentOf('Profile', 'gateway', {}))).toEqual([
      'Profile/gateway metadata.name: gateway comes with Weir: choose another name, and inherit it',
    ]);
  });

  it('of inheritance', () => {
    const a = documentOf('Profile', 'a', { inherits: 'b' });
    const b = documentOf('Profile', 'b', { inherits: 'a' });
    expect(problems(a, b)).toEqual([
      'Profile/a spec.inherits: inherits itself, or one that does not exist: take one of these links out',
      'Profile/b spec.inherits: inherits itself, or one that does not exist: take one of these links out',
    ]);
    expect(problems(documentOf('Profile', 'c', { inherits: 'gatewey' }))).toEqual([
      'Profile/c spec.inherits: there is no profile gatewey, did you mean "gateway"?',
    ]);
  });

  it('of settings', () => {
    const bad = documentOf('Profile', 'bad', {
      sysctls: { 'kernel.panic': 1, 'net.core.somaxconn': 1_000_000, 'net.ipv4.tcp_rmem': '1 2 3' },
      devices: { 'coalesce.rx_usec': 1, 'queues.rps_cpus': 'xyz', mtu: 9000 },
    });
    expect(problems(bad)).toEqual([
      'Profile/bad spec.sysctls.kernel.panic: is no setting of the network: names begin with net.',
      'Profile/bad spec.sysctls.net.core.somaxconn: must be 16 to 65535',
      'Profile/bad spec.sysctls.net.ipv4.tcp_rmem: must be 4096 to 536870912',
      'Profile/bad spec.devices.coalesce.rx_usec: unknown property "rx_usec", did you mean "rx_usecs"?',
      expect.stringContaining('Profile/bad spec.devices.queues.rps_cpus: '),
      'Profile/bad spec.devices.mtu: is no setting of `devices`',
    ]);
  });
});

test('the profiles of Weir make sense, with a reason and a source each', () => {
  for (const profile of PROFILES) {
    const { sysctls = new Map(), devices = new Map() } = wholeProfile(profilesOf([]), profile.name) ?? {};
    expect(sysctls.size + devices.size, profile.name).toBeGreaterThan(5);
    for (const [name, setting] of sysctls) {
      for (const memoryMiB of [64, 1024, 1 << 20]) {
        const value = valueOn(setting, memoryMiB);
        expect(sysctlProblem(name, { ...setting, value }), `${profile.name} ${name}`).toBeUndefined();
      }
      expect(Object.keys(KNOBS)).toContain(name);
    }
    for (const [name, setting] of devices) expect(deviceProblem(name, setting), name).toBeUndefined();
    for (const { reason, source } of [...sysctls.values(), ...devices.values()])
      expect(Math.min(reason.length, source.length)).toBeGreaterThan(6);
  }
});

test('defaults are told from what somebody set', () => {
  expect(sysctlHandSet('net.core.somaxconn', 4096)).toBe(false);
  expect(sysctlHandSet('net.core.somaxconn', 4095)).toBe(true);
  expect(sysctlHandSet('net.netfilter.nf_conntrack_max', 131_072)).toBe(false);
  expect(sysctlHandSet('net.netfilter.nf_conntrack_max', 131_073)).toBe(true);
  expect(sysctlHandSet('net.ipv4.what', 1)).toBe('unknown');
  expect(boundsProblem('net.ipv4.tcp_wmem', '4096 16384 x')).toBe('must be 4096 to 536870912');
});
