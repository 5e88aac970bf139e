// SPDX-License-Identifier: Apache-2.0
// What weir doctor says of a node where things are wrong for real.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../helpers/advice.ts';
import { netns } from '../helpers/netns.ts';
import { testAgent } from '../helpers/weir.ts';

interface Check {
  readonly name: string;
  readonly result: string;
  readonly found: string;
  readonly fix?: string;
}

test('the worst comes first, with what to do', async () => {
  await using ns = await netns('wt-doc');
  await using agent = await testAgent(ns.name, '--set', 'namespaces.discover=false');
  const doctor = async () => {
    const { status, stdout, stderr } = await agent.weir('doctor', '-o', 'json');
    expect(stderr).toBe('');
    return { status, checks: JSON.parse(stdout) as Check[] };
  };
  const healthy = await doctor();
  expect(healthy.status).toBe(0);
  const results = new Map(healthy.checks.map(({ name, result }) => [name, result]));
  for (const name of ['agent', 'rights', 'clock', 'changes', 'addresses', 'gateways', 'routes', 'mtu'])
    expect(results.get(name), name).toBe('ok');

  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'w1');
  ns.ip('link', 'add', 'br0', 'type', 'bridge');
  for (const dev of ['v0', 'v1', 'w0', 'w1', 'br0']) ns.ip('link', 'set', dev, 'up');
  ns.ip('link', 'set', 'v1', 'master', 'br0');
  ns.ip('link', 'set', 'w1', 'mtu', '1400', 'master', 'br0');
  ns.ip(
    'link',
    'add',
    'vx0',
    'mtu',
    '1500',
    'type',
    'vxlan',
    'id',
    '7',
    'dev',
    'v0',
    'dstport',
    '4789',
    'remote',
    '192.0.2.9',
  );
  ns.ip('link', 'set', 'v0', 'mtu', '1400');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'v0');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'w0');
  ns.ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.254', 'dev', 'v0');
  ns.exec('sh', '-c', 'ping -c 1 -W 1 198.51.100.1 || true');
  await until(() => /FAILED/.test(ns.ip('neighbour', 'show', '192.0.2.254')));
  await sleep(200);

  const { status, checks } = await doctor();
  expect(status).toBe(1);
  expect(checks[0]).toMatchObject({
    name: 'gateways',
    result: 'failure',
    found: expect.stringMatching(/^192\.0\.2\.254 on v0 does not answer \(FAILED\)/),
    fix: expect.stringContaining('weir capture v0'),
  });
  const told = checks
    .filter(({ result }) => result === 'warning')
    .map(({ name, found }) => `${name}: ${found}`);
  expect(told).toContain('addresses: 192.0.2.1 is on v0 and w0');
  expect(told).toContainEqual(
    expect.stringMatching(/^mtu: w1 has MTU 1400, and another port of br0 has 1500/),
  );
  expect(told).toContainEqual(
    expect.stringMatching(/^mtu: vx0 \(vxlan\) has MTU 1450, but only 1350 fit into v0/),
  );
  const order = checks.map(({ result }) => ['failure', 'warning', 'ok'].indexOf(result));
  expect(order).toEqual(order.toSorted());

  const applied = await agent.weir(
    'tune',
    'profile',
    'many-connections',
    '--yes',
    '--no-confirm',
    '--probe',
    'none',
  );
  expect(applied).toMatchObject({ status: 0 });
  ns.exec('sysctl', '-qw', 'net.core.somaxconn=99');
  await until(async () => (await doctor()).checks.some(({ name }) => name === 'drift'));
}, 120_000);
