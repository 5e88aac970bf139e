// SPDX-License-Identifier: Apache-2.0
// The life of eBPF telemetry: across a kill of the agent, other settings, and its removal.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { NodeInfo } from '../../src/api/schemas/node.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { ask } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { run, WEIR } from '../helpers/weir.ts';

interface ShownLink {
  readonly id: number;
  readonly prog_id: number;
  readonly pinned?: readonly string[];
}

/** Links that are pinned below `path`, as bpftool sees them. */
function pinnedLinks(path: string): readonly ShownLink[] {
  const text = execFileSync('bpftool', ['-f', '-j', 'link', 'show'], { encoding: 'utf8' });
  const links = JSON.parse(text) as readonly ShownLink[];
  return links.filter(({ pinned = [] }) => pinned.some((at) => at.startsWith(`${path}/`)));
}

/** Packets to a port where nobody listens: each is dropped with NO_SOCKET. */
function dropPackets(ns: TestNetns, count: number): void {
  ns.exec('bash', '-c', `for i in $(seq ${count}); do echo x > /dev/udp/127.0.0.1/9; done`);
}

it('goes on while the agent is dead, is taken up again, and leaves nothing behind', async () => {
  using pins = bpffs();
  await using ns = await netns('we-telemetry');
  await using stack = new AsyncDisposableStack();
  const directory = scratch();
  stack.defer(() => rmSync(directory, { recursive: true }));
  const pinDir = join(pins.path, 'weir');
  const start = async (...args: readonly string[]) =>
    stack.use(await agentProcess({ netns: ns.name, directory, args: ['--pin-dir', pinDir, ...args] }));
  const noSocket = async (agent: Awaited<ReturnType<typeof start>>) => {
    const { body: text } = await ask(agent.to, '/metrics');
    const lines = text
      .split('\n')
      .filter((line) => /^weir_drops_packets_total\{.*reason="NO_SOCKET"/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  const routes = async (agent: Awaited<ReturnType<typeof start>>) => {
    const { body } = await ask(agent.to, '/metrics');
    const name = 'weir_network_changes_total{device="",object="route",change="new"}';
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  };
  const addRoutes = (from: number, count: number) => {
    for (let i = from; i < from + count; i++) ns.ip('route', 'add', 'blackhole', `10.66.0.${i}/32`);
  };

  const first = await start();
  dropPackets(ns, 10);
  addRoutes(0, 4);
  await expect.poll(() => noSocket(first)).toBe(10);
  expect(await routes(first)).toBe(4);
  expect((await ask(first.to, '/metrics')).body).not.toContain('weir_packets_by_protocol_total{');
  const links = pinnedLinks(pinDir);
  expect(links.length).toBeGreaterThan(5);
  first.signal('SIGKILL');
  expect(await first.ended()).toBe('SIGKILL');

  dropPackets(ns, 7);
  const second = await start();
  expect(await noSocket(second)).toBe(17);
  addRoutes(10, 2);
  expect(await routes(second)).toBe(6);
  dropPackets(ns, 3);
  expect(await noSocket(second)).toBe(20);
  expect(pinnedLinks(pinDir).map(({ id, prog_id }) => [id, prog_id])).toEqual(
    links.map(({ id, prog_id }) => [id, prog_id]),
  );
  await second[Symbol.asyncDispose]();

  // other settings of one program: it is another one, and its old self is gone; the others go on
  const third = await start(
    '--set',
    'telemetry.flightRecorder.packets=64',
    '--set',
    'telemetry.disable=[tcp]',
    '--set',
    'telemetry.enable=[flows]',
  );
  expect(await noSocket(third)).toBe(0);
  const names = readdirSync(join(pinDir, 'telemetry')).map((name) => name.replace(/-[0-9a-f]+$/, ''));
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain('tcp');
  expect(names).toContain('flows');
  dropPackets(ns, 200);
  expect((await ask(third.to, '/metrics')).body).toContain('weir_packets_by_protocol_total{device="lo"');
  const kept = pinnedLinks(pinDir);
  expect(links.filter(({ id }) => kept.some((one) => one.id === id)).length).toBeGreaterThan(0);
  const uninstall = [...WEIR, 'uninstall', '--socket', third.to.socketPath, '--pin-dir', pinDir];
  expect(await run(uninstall)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('already listens'),
  });
  await third[Symbol.asyncDispose]();

  expect(pinnedLinks(pinDir)).toEqual(kept);
  expect(await run(uninstall)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('telemetry/drops-'),
  });
  expect(existsSync(pinDir)).toBe(false);
  const left = execFileSync('bpftool', ['-j', 'link', 'show'], { encoding: 'utf8' });
  const ids = new Set((JSON.parse(left) as readonly ShownLink[]).map(({ id }) => id));
  expect(kept.filter(({ id }) => ids.has(id))).toEqual([]);
  expect(await run(uninstall)).toMatchObject({ status: 0, stdout: 'nothing was left\n' });
});

it('what does not work is said, and everything else works', async () => {
  await using ns = await netns('we-telemetry');
  await using agent = await agentProcess({
    netns: ns.name,
    wrapper: ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-bpf,-perfmon,-sys_admin'],
  });
  const { degraded, features } = (await ask(agent.to, '/v1/node')).json as unknown as NodeInfo;
  expect(degraded.filter((line) => line.startsWith('no eBPF telemetry "drops"')).join()).toMatch(
    /EPERM|CAP_BPF/,
  );
  expect(features.filter(({ name }) => name.startsWith('eBPF: ')).length).toBeGreaterThan(8);
  for (const { name, supported, reason } of features)
    if (name.startsWith('eBPF: ') && !supported) expect(reason).toMatch(/^needs .+ \(.+\)$/);
  const { body: text } = await ask(agent.to, '/metrics');
  expect(text).toContain('node_network_up{device="lo"}');
  expect(text).toContain('node_scrape_collector_success{collector="drops"} 0');
  expect(text).not.toContain('weir_drops_packets_total{');
});

it('says without a bpffs that it ends with the agent, and refuses what does not exist', async () => {
  await using ns = await netns('we-telemetry');
  await using agent = await agentProcess({ netns: ns.name });
  const { degraded } = (await ask(agent.to, '/v1/node')).json as unknown as NodeInfo;
  expect(degraded.join('\n')).toContain('ends with the agent: no bpffs');
  const refused = await run([
    ...WEIR,
    'agent',
    '--socket',
    join(agent.directory, 'other'),
    '--set',
    'telemetry.enable=[dropz]',
  ]);
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean "drops"') });
});
