// SPDX-License-Identifier: Apache-2.0
// Captures that wait for something to happen, and packets that the kernel drops.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CaptureAgent, captureAgent, framesOf, until } from '../helpers/capture-agent.ts';
import { connectTcp, sendUdp } from '../helpers/packets.ts';

let it: CaptureAgent;
beforeAll(async () => {
  it = await captureAgent('wc-trig');
});
afterAll(() => it?.[Symbol.asyncDispose]());

const kept = (name: string) => join(it.folder, 'kept', name);
const textOf = (file: string) => readFileSync(file, 'latin1');

test('a flap of the carrier begins one, with what came before', async () => {
  const { near, far } = it;
  const words = ['-w', 'flap.pcapng', '--trigger', 'carrier', '--seconds', '2'];
  const capture = it.background('capture', 'cap0', '-f', 'udp', ...words);
  const waiting = await it.running();
  expect([waiting.state, waiting.files]).toEqual(['waiting', []]);
  sendUdp(far, { to: '10.7.0.1', count: 11 });
  await delay(800);
  expect((await it.last()).state).toBe('waiting');
  far.ip('link', 'set', 'cap1', 'down');
  await until(it.last, ({ state }) => state === 'running');
  far.ip('link', 'set', 'cap1', 'up');
  sendUdp(far, { to: '10.7.0.1', count: 5 });
  expect(await capture.ended()).toBe(0);
  const { triggered, packets, end } = await it.ended();
  expect(triggered).toMatch(/^\d+ in [\d.]+ s$/);
  expect(end?.reason).toBe('seconds');
  expect(packets).toBe(16);
  expect(await framesOf(kept('flap.pcapng'), 'frame.len')).toHaveLength(16);
  expect(textOf(kept('flap.pcapng'))).toContain('trigger: changes of carrier at cap0, more than 0 a second');
  near.ip('link', 'set', 'cap0', 'up');
});

test('drops for one reason above a rate begin one, and their cause is in the file', async () => {
  const { far } = it;
  await it.weir('drops', '--once');
  const capture = it.background(
    'capture',
    'cap0',
    '-f',
    'udp',
    '-w',
    'drops.pcapng',
    '--trigger',
    'drops:NO_SOCKET',
    '--trigger-rate',
    '50',
    '--seconds',
    '1',
  );
  await it.running();
  sendUdp(far, { to: '10.7.0.1', port: 4_000, count: 3 });
  await delay(800);
  expect((await it.last()).state).toBe('waiting');
  for (let i = 0; i < 10 && (await it.last()).state === 'waiting'; i++)
    sendUdp(far, { to: '10.7.0.1', port: 4_001, count: 300 });
  expect(await capture.ended()).toBe(0);
  const { end, triggered } = await it.ended();
  expect([end?.reason, typeof triggered]).toEqual(['seconds', 'string']);
  const ports = await framesOf(kept('drops.pcapng'), 'udp.dstport');
  expect(ports.filter((port) => port === '4001').length).toBeGreaterThanOrEqual(50);
  // what came long before is there as well
  expect(ports.filter((port) => port === '4000')).toHaveLength(3);
});

test('TCP segments that are sent again begin one', async () => {
  const { near } = it;
  const capture = it.background(
    'capture',
    'cap0',
    '-f',
    'tcp',
    '-w',
    'again.pcapng',
    '--trigger',
    'retransmits',
    '--seconds',
    '1',
  );
  await it.running();
  near.ip('neighbour', 'replace', '10.7.0.7', 'lladdr', '02:00:00:00:00:07', 'dev', 'cap0');
  const script = `const s = require('node:net').connect({host:'10.7.0.7',port:5000}); s.on('error',()=>{}); setTimeout(() => process.exit(), 2500)`;
  near.exec(process.execPath, '-e', script);
  expect(await capture.ended()).toBe(0);
  expect((await it.ended()).end?.reason).toBe('seconds');
  const flags = await framesOf(kept('again.pcapng'), 'tcp.flags.syn', 'tcp.dstport');
  expect(flags.length).toBeGreaterThan(1);
  expect(textOf(kept('again.pcapng'))).toContain('trigger: TCP segments sent again');
});

test('one that waits in vain ends without a file', async () => {
  const capture = it.background(
    'capture',
    'cap0',
    '-w',
    'vain.pcapng',
    '--trigger',
    'carrier',
    '--within',
    '1',
  );
  expect(await capture.ended()).toBe(0);
  const { end, files } = await it.ended();
  expect(end).toEqual({ reason: 'trigger', detail: 'nothing happened within 1 seconds' });
  expect(files).toEqual([]);
});

test('packets that the kernel drops are told with their reason', async () => {
  const capture = it.background(
    'capture',
    'cap0',
    '-f',
    'tcp',
    '-w',
    'why.pcapng',
    '--drops',
    '--seconds',
    '3',
  );
  await it.running();
  sendUdp(it.far, { to: '10.7.0.1', port: 4_002, count: 3 });
  connectTcp(it.far, '10.7.0.1', 4_003, 1);
  expect(await capture.ended()).toBe(0);
  const frames = await framesOf(kept('why.pcapng'), 'frame.interface_name', 'udp.dstport', 'frame.comment');
  const dropped = frames.filter((frame) => frame.includes('4002'));
  expect(dropped).toHaveLength(3);
  for (const frame of dropped) expect(frame).toMatch(/^cap0 dropped( \(IP\))?\t4002\tdropped: NO_SOCKET/);
  expect(frames.some((frame) => frame.startsWith('cap0\t'))).toBe(true);
});

test('a trigger that makes no sense is refused', async () => {
  const cap0 = [{ device: 'cap0' }];
  const refused = async (trigger: unknown) => {
    const { status, json } = await it.post({ devices: cap0, trigger });
    return [status, String(json['detail'])];
  };
  expect(await refused({ on: 'rain' })).toEqual([400, expect.stringContaining('trigger.on')]);
  expect(await refused({ on: 'carrier', reason: 'NO_SOCKET' })).toEqual([
    400,
    expect.stringContaining('drops'),
  ]);
  expect(await refused({ on: 'drops', reason: 'NO_SOKET' })).toEqual([
    400,
    expect.stringContaining('NO_SOCKET'),
  ]);
  expect(await refused({ on: 'carrier', device: 'cap7' })).toEqual([404, expect.stringContaining('"cap0"')]);
  expect(await refused({ on: 'retransmits', device: 'cap0' })).toEqual([
    400,
    expect.stringContaining('whole namespace'),
  ]);
  expect((await it.list()).every(({ state }) => state === 'ended')).toBe(true);
});
