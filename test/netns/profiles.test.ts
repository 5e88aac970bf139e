// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentsFor } from '../../src/tuning/advice/documents.ts';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns } from '../helpers/netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

const text = (kind: string, name: string, spec: object) =>
  JSON.stringify({ apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec });

test('a profile is planned, applied, watched, changed and given back', async () => {
  await using ns = await netns('wt-prof');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.exec('sysctl', '-qw', 'net.ipv4.tcp_fin_timeout=33');
  const directory = await mkdtemp(join(tmpdir(), 'weir-profile-'));
  try {
    await using one = testEngine(directory);
    const { engine } = one;
    const wishOf = (...texts: string[]) => ({ documents: texts.flatMap(documentsIn), prune: true });
    const tuning = (spec: object) => text('Tuning', 'profile', { netns: ns.name, ...spec });
    const values = () =>
      ns
        .exec('sysctl', '-n', 'net.core.somaxconn', 'net.ipv4.tcp_tw_reuse', 'net.ipv4.tcp_fin_timeout')
        .trim()
        .split('\n');
    const flows = () =>
      ns.exec('sh', '-c', `ip netns exec ${ns.name} cat /sys/class/net/v0/queues/rx-0/rps_flow_cnt`).trim();
    const before = values();

    const wish = wishOf(tuning({ profile: { name: 'many-connections', devices: ['v0'] } }));
    const { plan } = await engine.plan(wish, ASKER);
    expect(plan.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const reasons = plan.actions.map(({ id, origin }) => `${id}: ${origin?.reason}`);
    expect(reasons).toContainEqual(
      expect.stringMatching(
        /sysctl net.core.somaxconn: connections wait .*\(many-connections; Documentation/,
      ),
    );
    expect(plan.diagnostics.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(
        'tcp_fin_timeout of the profile many-connections is left out: somebody else set it to 33',
      ),
    );

    expect(await engine.apply(wish, WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    expect(values()).toEqual(['16384', '1', '33']);
    expect(flows()).toBe('4096');
    expect((await engine.plan(wish, ASKER)).plan.actions).toEqual([]);

    ns.exec('sysctl', '-qw', 'net.core.somaxconn=77');
    const drifted = await engine.plan(wish, ASKER);
    expect(drifted.plan.actions.map(({ key }) => key)).toEqual(['net.core.somaxconn']);

    const own = text('Profile', 'mine', {
      inherits: 'many-connections',
      sysctls: { 'net.ipv4.tcp_tw_reuse': null, 'net.core.somaxconn': 2000 },
    });
    const mine = wishOf(own, tuning({ profile: 'mine' }));
    expect(await engine.apply(mine, WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    expect(values()).toEqual(['2000', before[1], '33']);
    expect(flows()).toBe('0');
    const { plan: between } = await engine.diff(1, 2);
    expect(between.actions.map(({ key }) => key)).toContain('net.core.somaxconn');

    await expect(engine.plan(wishOf(tuning({ profile: 'mine' })), ASKER)).rejects.toMatchObject({
      code: 'DOCUMENT',
      problems: [{ path: 'spec.profile', problem: expect.stringContaining('there is no profile mine') }],
    });
    expect(await engine.apply(wishOf(), WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    expect(values()).toEqual(before);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('documents of advice apply, beside a profile and on their own', async () => {
  await using ns = await netns('wt-adv');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const directory = await mkdtemp(join(tmpdir(), 'weir-advice-'));
  const sys = (file: string) =>
    ns.exec('sh', '-c', `ip netns exec ${ns.name} cat /sys/class/net/v0/${file}`).trim();
  try {
    await using one = testEngine(directory);
    const wish = (...texts: string[]) => ({ documents: texts.flatMap(documentsIn), prune: false });
    const profile = text('Tuning', 'profile', {
      netns: ns.name,
      profile: { name: 'many-connections', devices: ['v0'] },
    });
    expect(await one.engine.apply(wish(profile), WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    expect(sys('queues/rx-0/rps_flow_cnt')).toBe('4096');
    const made = documentsFor(
      [
        { sysctl: 'net.core.somaxconn', value: 2048 },
        { dev: 'v0', setting: 'queues.rps_cpus', value: '1' },
        { dev: 'v0', setting: 'txqlen', value: 2000 },
      ],
      ns.name,
      'advice-x',
      documentsIn(profile),
    );
    expect(made).toHaveLength(3);
    const texts = made.map((document) => JSON.stringify(document));
    expect(await one.engine.apply(wish(...texts), WISH, ASKER)).toMatchObject({ status: 'confirmed' });
    expect([sys('queues/rx-0/rps_flow_cnt'), sys('queues/rx-0/rps_cpus'), sys('tx_queue_len')]).toEqual([
      '4096',
      '1',
      '2000',
    ]);
    expect(ns.exec('sysctl', '-n', 'net.core.somaxconn').trim()).toBe('2048');
    const back = await one.engine.rollback(1, WISH, ASKER);
    expect(back).toMatchObject({ status: 'confirmed' });
    expect([sys('queues/rx-0/rps_flow_cnt'), sys('queues/rx-0/rps_cpus'), sys('tx_queue_len')]).toEqual([
      '4096',
      '0',
      '1000',
    ]);
    expect(ns.exec('sysctl', '-n', 'net.core.somaxconn').trim()).toBe('16384');
  } finally {
    await rm(directory, { recursive: true });
  }
});
