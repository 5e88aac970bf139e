// SPDX-License-Identifier: Apache-2.0
// Captures that are cut short: they end cleanly, with the reason in the file and in the API.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteNamespace } from '../../src/kernel/namespaces.ts';
import { type CaptureAgent, captureAgent, framesOf, until } from '../helpers/capture-agent.ts';
import { netns } from '../helpers/netns.ts';
import { sendUdp } from '../helpers/packets.ts';

const MEBIBYTE = 1 << 20;
let it: CaptureAgent;
let small: string;

beforeAll(async () => {
  small = mkdtempSync(join(tmpdir(), 'wc-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', small]);
  mkdirSync(`${small}/kept`);
  it = await captureAgent('wc-end', {
    kept: `${small}/kept`,
    args: ['--set', 'namespaces.discover=true', '--set', 'namespaces.include=wc-gone.*'],
  });
});
afterAll(async () => {
  await it?.[Symbol.asyncDispose]();
  execFileSync('umount', [small]);
  rmSync(small, { recursive: true });
});

const kept = (name: string) => join(small, 'kept', name);
const textOf = (file: string) => readFileSync(file, 'latin1');
const fds = () => readdirSync(`/proc/${it.agent.pid}/fd`).length;
const cap0 = [{ device: 'cap0' }];

test('a client that dies ends its capture, also one with files', async () => {
  const before = fds();
  const capture = it.background('capture', 'cap0', 'udp', '-w', 'died.pcapng');
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', count: 5 });
  await until(it.last, ({ packets }) => packets === 5);
  capture.child.kill('SIGKILL');
  expect((await it.ended()).end).toEqual({ reason: 'client', detail: 'the client has gone' });
  expect(await framesOf(kept('died.pcapng'), 'frame.len')).toHaveLength(5);
  expect(textOf(kept('died.pcapng'))).toContain('capture ended (client)');
  const open = await it.open({ devices: cap0 });
  await it.running();
  open.call.destroy();
  expect((await it.ended()).end?.reason).toBe('client');
  await until(fds, (now) => now <= before + 1);
});

test('a client that does not read is no reason to hold packets: they are dropped, and counted', async () => {
  const open = await it.open({ devices: cap0, filter: 'udp', limits: { seconds: 30 } });
  open.response.pause();
  for (let i = 0; i < 6; i++) sendUdp(it.far, { to: '10.7.0.1', count: 8_000, size: 1400 });
  const { dropped } = await until(it.last, (report) => report.dropped > 0);
  expect(dropped).toBeGreaterThan(0);
  open.call.destroy();
  expect((await it.ended()).end?.reason).toBe('client');
}, 120_000);

test('a device that goes down and comes back is still captured; one that vanishes ends it', async () => {
  const { near } = it;
  near.ip('link', 'add', 'gone0', 'type', 'veth', 'peer', 'name', 'gone1');
  near.ip('address', 'add', '10.8.0.1/24', 'dev', 'gone0');
  near.ip('link', 'set', 'gone0', 'up');
  near.ip('link', 'set', 'gone1', 'up');
  const capture = it.background('capture', 'gone0', 'udp', '-w', 'gone.pcapng');
  await until(
    async () => (await it.weir('capture', 'list')).stdout,
    (text) => text.includes('running'),
  );
  near.ip('link', 'set', 'gone0', 'down');
  await delay(500);
  near.ip('link', 'set', 'gone0', 'up');
  await delay(500);
  near.ip('neighbour', 'replace', '10.8.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'gone0');
  sendUdp(near, { to: '10.8.0.9', count: 4 });
  await until(it.last, ({ packets }) => packets === 4);
  near.ip('link', 'del', 'gone0');
  expect(await capture.ended()).toBe(0);
  expect((await it.ended()).end).toEqual({
    reason: 'device',
    detail: expect.stringMatching(/the device (gone0 )?is gone/),
  });
  expect(await framesOf(kept('gone.pcapng'), 'frame.len')).toHaveLength(4);
  expect(textOf(kept('gone.pcapng'))).toContain('capture ended (device)');
  expect(capture.output().toString()).toContain('is gone');
});

test('in words, too, a device that comes back is captured on', async () => {
  const { near } = it;
  const capture = it.background('capture', 'cap0', '-f', 'udp', '-c', '9', '--seconds', '40');
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', count: 4 });
  await until(it.last, ({ packets }) => packets === 4);
  near.ip('link', 'set', 'cap0', 'down');
  await delay(1_000);
  near.ip('link', 'set', 'cap0', 'up');
  await delay(500);
  sendUdp(it.far, { to: '10.7.0.1', count: 5 });
  expect(await capture.ended()).toBe(0);
  expect(capture.output().toString().trimEnd().split('\n')).toHaveLength(9);
});

test('a namespace that is deleted ends it, and is not kept alive by it', async () => {
  const gone = await netns('wc-gone');
  gone.ip('link', 'add', 'in0', 'type', 'veth', 'peer', 'name', 'in1');
  for (const name of ['in0', 'in1']) gone.ip('link', 'set', name, 'up');
  await until(
    async () =>
      (await it.post({ devices: [{ netns: gone.name, device: 'in0' }], limits: { packets: 1, seconds: 1 } }))
        .status,
    (status) => status === 200,
  );
  const capture = it.background('capture', `${gone.name}/in0`, '-w', 'netns.pcapng');
  await it.running();
  deleteNamespace(gone.name);
  expect(await capture.ended()).toBe(0);
  expect((await it.ended()).end).toEqual({
    reason: 'device',
    detail: `the network namespace ${gone.name} is gone`,
  });
  expect(textOf(kept('netns.pcapng'))).toContain('capture ended (device)');
  await framesOf(kept('netns.pcapng'), 'frame.len');
  const target = `net:[${gone.inode}]`;
  expect(execFileSync('ls', ['-l', `/proc/${it.agent.pid}/fd`], { encoding: 'utf8' })).not.toContain(target);
});

test('a disk that fills ends it before it is full, and the file is whole', async () => {
  const capture = it.background('capture', 'cap0', 'udp', '-w', 'full.pcapng');
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', count: 6_000, size: 1400 });
  expect(await capture.ended()).toBe(0);
  const { end, packets, bytes, dropped, devices } = await it.ended();
  expect(dropped).toBe((devices[0]?.accepted ?? 0) - packets);
  expect(end).toEqual({ reason: 'space', detail: expect.stringContaining('must stay free') });
  expect(bytes).toBeLessThan(6 * MEBIBYTE);
  expect((await framesOf(kept('full.pcapng'), 'frame.len')).length).toBe(packets);
  expect(packets).toBeGreaterThan(100);
  expect(textOf(kept('full.pcapng'))).toContain('capture ended (space)');
  const refused = await it.post({ devices: cap0, file: { name: 'more.pcapng' }, limits: { seconds: 1 } });
  // what is left may be just enough for the beginning of another one
  expect([200, 507]).toContain(refused.status);
  for (const name of readdirSync(`${small}/kept`)) rmSync(kept(name));
});

test('on a disk that is full already nothing begins, and nothing is left', async () => {
  const full = mkdtempSync(join(tmpdir(), 'wc-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', full]);
  try {
    await using other = await captureAgent('wc-full', {
      kept: `${full}/kept`,
      args: ['--set', 'capture.minFreeBytes=0'],
    });
    const ask = () => other.post({ devices: cap0, file: { name: 'x.pcapng' }, limits: { seconds: 1 } });
    expect((await ask()).status).toBe(200);
    rmSync(`${full}/kept/x.pcapng`);
    spawnSync('dd', ['if=/dev/zero', `of=${full}/filler`, 'bs=4k']);
    const { status, json } = await ask();
    expect([status, json['code']]).toEqual([507, 'CAPTURE_SPACE']);
    expect(json['detail']).toContain('x.pcapng could not be written: ENOSPC');
    expect(readdirSync(`${full}/kept`)).toEqual([]);
  } finally {
    execFileSync('umount', [full]);
    rmSync(full, { recursive: true });
  }
});

test('an agent that ends leaves whole files', async () => {
  await it.post({ devices: cap0, filter: 'udp', file: { name: 'agent.pcapng' }, detach: true });
  sendUdp(it.far, { to: '10.7.0.1', count: 7 });
  await until(it.last, ({ packets }) => packets === 7);
  it.agent.signal('SIGTERM');
  expect(await it.agent.ended()).toBe(0);
  expect(await framesOf(kept('agent.pcapng'), 'frame.len')).toHaveLength(7);
  expect(textOf(kept('agent.pcapng'))).toContain('capture ended (agent): the agent ends');
});

test('without the right the agent says which one it lacks', async () => {
  await using other = await captureAgent('wc-weak', {
    wrapper: ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw'],
  });
  const { status, json } = await other.post({ devices: cap0 });
  expect([status, json['code']]).toEqual([500, 'KERNEL_PERMISSION']);
  expect(json['detail']).toContain('CAP_NET_RAW');
  const lines = await other.post({ devices: cap0 }, { accept: 'application/x-ndjson' });
  expect([lines.status, lines.json['code']]).toEqual([500, 'KERNEL_PERMISSION']);
});
