// SPDX-License-Identifier: Apache-2.0
// Tuning documents carried out by the engine, together with the device that they are about.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns } from '../helpers/netns.ts';

const document = (kind: string, netnsName: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'weir.dev/v1',
    kind,
    metadata: { name: 'test' },
    spec: { netns: netnsName, ...spec },
  });

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

test('sysctls and features of a device that exists are set, kept and given back; refusals are told', async () => {
  await using ns = await netns('wD-tuning');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const directory = await mkdtemp(join(tmpdir(), 'weir-tuning-'));
  try {
    await using one = testEngine(directory);
    const apply = (spec: object) =>
      one.engine.apply(
        { documents: documentsIn(document('Tuning', ns.name, spec)), prune: true },
        WISH,
        ASKER,
      );
    const feature = () => /tx-udp-segmentation: (\w+)/.exec(ns.exec('ethtool', '-k', 'v0'))?.[1];
    const forward = () => ns.exec('sysctl', '-n', 'net.ipv4.ip_forward').trim();
    const report = await apply({
      sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.v0.forwarding': 0 },
      devices: [{ dev: 'v0', features: { 'tx-udp-segmentation': false }, queues: { rps_cpus: '1' } }],
    });
    expect(report).toMatchObject({ status: 'confirmed' });
    expect([feature(), forward()]).toEqual(['off', '1']);
    const refused = await apply({ sysctls: { 'net.ipv4.ip_forward': 'on' } });
    expect(refused).toMatchObject({
      status: 'rolled-back',
      error: expect.stringContaining('the kernel does not take the value "on"'),
    });
    expect([feature(), forward()]).toEqual(['off', '1']);
    expect(await apply({})).toMatchObject({ status: 'confirmed' });
    expect([feature(), forward()]).toEqual(['on', '0']);
  } finally {
    await rm(directory, { recursive: true });
  }
});
