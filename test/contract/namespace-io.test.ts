// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { netns } from '../helpers/netns.ts';

const spaces = namespaces();
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString().trim();

test('writes a sysctl of a namespace and leaves the own one alone', async () => {
  await using ns = await netns('wM-sysctl');
  const io = await spaces.open(ns.name);
  const own = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
  const other = text(await io.proc.read('sys/net/ipv4/ip_forward')) === '1' ? '0' : '1';
  await io.proc.write('sys/net/ipv4/ip_forward', other);
  expect(text(await io.proc.read('sys/net/ipv4/ip_forward'))).toBe(other);
  expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')).toBe(own);
  await io.close();
});

test('writes an attribute of a device of another namespace', async () => {
  await using ns = await netns('wM-sysfs');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const io = await spaces.open(ns.name);
  await io.sys.write('class/net/v0/gro_flush_timeout', '20000');
  expect(text(await io.sys.read('class/net/v0/gro_flush_timeout'))).toBe('20000');
  await io.close();
});

test('a value that the kernel refuses is a kernel error, a file that is not there has no data', async () => {
  await using ns = await netns('wM-refused');
  const io = await spaces.open(ns.name);
  await expect(io.proc.write('sys/net/ipv4/ip_forward', 'yes')).rejects.toMatchObject({
    errnoName: 'EINVAL',
    message: expect.stringContaining('write /proc/sys/net/ipv4/ip_forward'),
  });
  await expect(io.proc.write('sys/net/ipv4/none', '1')).rejects.toMatchObject({ code: 'NO_DATA' });
  await expect(io.sys.write('class/net/none/mtu', '1')).rejects.toMatchObject({ code: 'NO_DATA' });
  await expect(io.proc.write('../etc/passwd', '1')).rejects.toMatchObject({ code: 'VALUE' });
  await io.close();
});

test('creates and removes TUN and TAP devices', async () => {
  await using ns = await netns('wM-tun');
  const io = await spaces.open(ns.name);
  const device = {
    name: 'tap7',
    mode: 'tap',
    multiQueue: true,
    pi: false,
    vnetHdr: true,
    user: 1000,
  } as const;
  await io.tun({ op: 'create', ...device });
  const [shown] = JSON.parse(ns.ip('-j', '-d', 'link', 'show', 'tap7'));
  expect(shown.linkinfo.info_data).toMatchObject({
    type: 'tap',
    persist: true,
    multi_queue: true,
    pi: false,
  });
  await io.tun({ op: 'remove', ...device });
  expect(() => ns.ip('link', 'show', 'tap7')).toThrow();
  await expect(io.tun({ op: 'create', ...device, name: 'far-too-long-a-name' })).rejects.toMatchObject({
    errnoName: 'EINVAL',
  });
  await io.close();
});

test('probes find who answers, and say who does not', async () => {
  await using ns = await netns('wM-probe');
  ns.ip('link', 'set', 'lo', 'up');
  const io = await spaces.open(ns.name);
  const before = readdirSync('/proc/self/fd').length;
  await io.ping('127.0.0.1', 1000);
  await io.ping('::1', 1000);
  await expect(io.ping('192.0.2.1', 200)).rejects.toMatchObject({ code: 'PROBE' });
  await expect(io.connect('127.0.0.1', 9, 1000)).rejects.toMatchObject({
    code: 'PROBE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  await io.close();
});

test('an echo that nobody answers ends in time', async () => {
  await using ns = await netns('wM-silent');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'v0');
  for (const dev of ['v0', 'v1']) ns.ip('link', 'set', dev, 'up');
  const io = await spaces.open(ns.name);
  await expect(io.ping('192.0.2.9', 200)).rejects.toMatchObject({
    code: 'PROBE',
    message: expect.stringContaining('no answer within 200 ms'),
  });
  await expect(io.connect('192.0.2.9', 80, 200)).rejects.toMatchObject({ code: 'PROBE' });
  await io.close();
});

test('works in several threads at once, also when one is ended in the middle of a dump', async () => {
  await using ns = await netns('wM-threads');
  for (let i = 0; i < 50; i++) ns.ip('link', 'add', `a${i}`, 'type', 'veth', 'peer', 'name', `b${i}`);
  const code = `
    const { namespaces } = await import(${JSON.stringify(new URL('../../src/kernel/namespaces.ts', import.meta.url).href)});
    const { readLinks } = await import(${JSON.stringify(new URL('../../src/observe/read.ts', import.meta.url).href)});
    const { parentPort } = await import('node:worker_threads');
    const io = await namespaces().open(${JSON.stringify(ns.name)});
    for (;;) parentPort.postMessage((await readLinks(io)).length);`;
  const before = readdirSync('/proc/self/fd').length;
  const start = () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const workers = [start(), start(), start()];
  const counts = await Promise.all(
    workers.map(
      (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  expect(counts).toEqual([101, 101, 101]);
  for (const worker of workers) await worker.terminate();
  const io = await spaces.open(ns.name);
  await io.ping('127.0.0.1', 100).catch(() => undefined);
  await io.close();
  // an ended thread leaves its descriptors: no more than a handful each
  expect(readdirSync('/proc/self/fd').length - before).toBeLessThan(40);
});
