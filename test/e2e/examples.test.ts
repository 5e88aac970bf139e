// SPDX-License-Identifier: Apache-2.0
// Every example document applies, plans to nothing and rolls back to what was there; one that needs what this kernel
// lacks is refused with the option that brings it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { bpffs } from '../helpers/bpffs.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { type TestAgent, testAgent } from '../helpers/weir.ts';

const FOLDER = fileURLToPath(new URL('../../examples/documents', import.meta.url));
const EXAMPLES = readdirSync(FOLDER).sort();

const held: string[] = [];
const refused: string[] = [];
afterAll(() => {
  console.log(
    `examples: ${held.length} held, ${refused.length} refused by this kernel (${refused.join(', ')})`,
  );
});

test.each(EXAMPLES)('%s', async (name) => {
  const file = join(FOLDER, name);
  await using ns = await netns('wG-ex');
  makeDevices(ns, readFileSync(file, 'utf8'));
  using pins = bpffs();
  await using agent = await testAgent(ns.name, '--set', 'namespaces.discover=false', '--pin-dir', pins.path);
  const before = await state(agent, ns);

  const applied = await agent.weir('apply', '-f', file, '--yes', '--no-confirm', '--probe', 'none');
  const told = applied.stdout + applied.stderr;
  if (applied.status !== 0) {
    mustBeLacking(told);
    expect(await state(agent, ns)).toBe(before);
    refused.push(name);
    return;
  }
  const plan = await agent.weir('plan', '-f', file, '--detailed-exitcode');
  expect(plan).toMatchObject({ status: 0, stderr: '' });
  expect(await state(agent, ns)).not.toBe(before);

  const back = await agent.weir('rollback', '0', '--yes', '--no-confirm', '--probe', 'none');
  expect(back).toMatchObject({ status: 0, stderr: '' });
  expect(await state(agent, ns)).toBe(before);
  held.push(name);
});

/** The devices that a line `# Devices: eth0 eth1` says exist, each with a peer that is up. */
function makeDevices(ns: TestNetns, text: string): void {
  const [, names = ''] = /^# Devices: (.*)$/m.exec(text) ?? [];
  for (const name of names.split(' ').filter((one) => one !== '')) {
    ns.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-far`);
    ns.ip('link', 'set', `${name}-far`, 'up');
  }
}

/** The state as Weir tells it, and the tunables, which it does not tell, as others do. */
async function state(agent: TestAgent, { name }: TestNetns): Promise<string> {
  const { status, stdout, stderr } = await agent.weir('show', 'state', '-o', 'yaml');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const inside = (...command: string[]) =>
    execFileSync('ip', ['netns', 'exec', name, ...command], { encoding: 'utf8', stdio: 'pipe' });
  const tunables = inside('sysctl', '-a', '--pattern', '^net.ipv[46].(ip_forward|tcp_ecn|conf.(all|eth0).)');
  const policies = await Promise.all(
    ['list', 'endpoints'].map(async (what) => (await agent.weir('policy', what, '-o', 'json')).stdout),
  );
  return `${stdout}${tunables}${policies.join('')}${inside('sh', '-c', 'ethtool -k eth0 2>&1; cat /sys/class/net/eth0/queues/*/rps_cpus 2>&1; true')}`;
}

/** The refusal names options, and the kernel that runs has been built without one of them. */
function mustBeLacking(told: string): void {
  const options = told.match(/CONFIG_[A-Z0-9_]+/g) ?? [];
  expect(options, told).not.toEqual([]);
  const config = '/proc/config.gz';
  if (!existsSync(config)) return;
  const built = gunzipSync(readFileSync(config)).toString();
  const absent = options.filter((option) => !new RegExp(`^${option}=`, 'm').test(built));
  expect(absent, told).not.toEqual([]);
}
