// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type FdWatch, native } from '../../src/kernel/native.ts';
import { peerCredentials, sendUnixDatagram } from '../../src/kernel/unix.ts';

const addon = native();
/** Functions without arguments, which cannot be wrong. */
const WITHOUT_ARGUMENTS = ['bpfLogFunction', 'bpfLogTake'];
const own = openSync('/proc/self/ns/net', 'r');

test('every wrong argument is a TypeError', () => {
  const wrong = [undefined, null, 'x', {}, -1, 0.5, Number.NaN, 2 ** 40, 1n, Symbol('s')];
  const functions = Object.entries(addon) as [string, (...args: unknown[]) => unknown][];
  expect(functions.length).toBeGreaterThan(15);
  for (const [name, call] of functions) {
    if (WITHOUT_ARGUMENTS.includes(name)) continue;
    expect(() => call(), name).toThrow(TypeError);
    for (const bad of wrong)
      expect(() => call(bad, bad, bad, bad), `${name} ${String(bad)}`).toThrow(TypeError);
  }
});

test('buffers are checked against what they must hold', () => {
  const fd = addon.netlinkOpen(own, 0, 1 << 16, 1 << 16);
  const bytes = new Uint8Array(100);
  expect(() => addon.netlinkSend(fd, bytes, 0, 101)).toThrow('end must be an integer from 0 to 100');
  expect(() => addon.netlinkSend(fd, bytes, 50, 49)).toThrow(TypeError);
  expect(() => addon.netlinkReceive(fd, bytes, 50, new Int32Array(3))).toThrow(RangeError);
  expect(() => addon.netlinkReceive(fd, bytes, 0, new Int32Array(1))).toThrow(TypeError);
  expect(() => addon.netlinkReceive(fd, bytes, 50, new Uint8Array(1) as unknown as Int32Array)).toThrow(
    TypeError,
  );
  expect(() => addon.netnsOpen(own, 'a\0b')).toThrow(TypeError);
  expect(() => addon.netnsOpen(own, 'a'.repeat(5000))).toThrow(TypeError);
  expect(addon.netlinkReceive(fd, bytes, 50, new Int32Array(2))).toBe(-11);
});

test('a watch calls back while it is on, and not after', async () => {
  const fd = addon.netlinkOpen(own, 0, 1 << 16, 1 << 16);
  let calls = 0;
  const watch = addon.fdWatchOpen(fd, (status) => {
    expect(status).toBe(0);
    calls++;
  }) as FdWatch;
  const turn = () => new Promise((resolve) => setTimeout(resolve, 20));
  addon.fdWatchSet(watch, 2);
  await turn();
  expect(calls).toBeGreaterThan(0);
  addon.fdWatchSet(watch, 0);
  const before = calls;
  await turn();
  expect(calls).toBe(before);
  addon.fdWatchSet(watch, 2);
  addon.fdWatchClose(watch);
  addon.fdWatchClose(watch);
  await turn();
  expect(calls).toBe(before);
  expect(addon.fdWatchSet(watch, 1)).toBe(-9);
  expect(() => addon.fdWatchClose({} as FdWatch)).toThrow(TypeError);
});

test('what cannot be watched is an errno', () => {
  const file = openSync('/proc/self/stat', 'r');
  expect(addon.fdWatchOpen(file, () => undefined)).toBeLessThan(0);
  expect(addon.fdWatchOpen(1 << 20, () => undefined)).toBe(-9);
});

test('a thread may end with watches open', async () => {
  const script = `
    const { createRequire } = require('node:module');
    const addon = require(${JSON.stringify(join(process.cwd(), 'native/build/Release/weir.node'))});
    for (let i = 0; i < 50; i++) {
      const watch = addon.fdWatchOpen(addon.netlinkOpen(${own}, 0, 65536, 65536), () => {});
      addon.fdWatchSet(watch, 1);
    }
    require('node:worker_threads').parentPort.postMessage('open');
  `;
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(script, { eval: true });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(await worker.terminate()).toBe(1);
  }
});

test('watches do not pile up in memory', async () => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const fd = addon.netlinkOpen(own, 0, 1 << 16, 1 << 16);
  const round = async () => {
    for (let i = 0; i < 20_000; i++) {
      const watch = addon.fdWatchOpen(fd, () => undefined) as FdWatch;
      addon.fdWatchSet(watch, 1);
      addon.fdWatchClose(watch);
      if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await round();
  const before = rss();
  for (let i = 0; i < 4; i++) await round();
  // a leaked watch alone has about 300 bytes: 24 MB
  expect(rss() - before).toBeLessThan(16_000);
});

test('the peer of a Unix socket and datagrams to one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wb-unix-'));
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect(path);
  const { fd } = ((await accepted) as unknown as { _handle: { fd: number } })._handle;
  expect(peerCredentials(fd)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  expect(() => sendUnixDatagram(path, Buffer.from('x'))).toThrow(
    expect.objectContaining({ errnoName: 'EPROTOTYPE' }),
  );
  expect(() => sendUnixDatagram('@wb-none', Buffer.from('x'))).toThrow(
    expect.objectContaining({ errnoName: 'ECONNREFUSED' }),
  );
  client.destroy();
  (await accepted).destroy();
  server.close();
  rmSync(folder, { recursive: true });
});
