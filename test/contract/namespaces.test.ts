// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createNamespace, deleteNamespace, namespaces } from '../../src/kernel/namespaces.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { netns } from '../helpers/netns.ts';

const spaces = namespaces();

test('opens a namespace by name, path and process', async () => {
  await using ns = await netns('wb-open');
  const sleeper = spawn('nsenter', [`--net=/run/netns/${ns.name}`, 'sleep', '60']);
  await once(sleeper, 'spawn');
  while (!readlinkSync(`/proc/${sleeper.pid}/ns/net`).includes(String(ns.inode)));
  for (const name of [ns.name, `/run/netns/${ns.name}`, `pid:${sleeper.pid}`]) {
    const io = await spaces.open(name);
    expect(io.netns).toEqual({ name, inode: ns.inode });
    await io.close();
  }
  sleeper.kill();
  await once(sleeper, 'exit');
});

test('the own namespace has no name', async () => {
  const own = await spaces.own();
  expect(own.netns).toEqual({ name: '', inode: statSync('/proc/self/ns/net').ino });
  await own.close();
});

test('names what is not there or is no namespace', async () => {
  await using ns = await netns('wb-near');
  await expect(spaces.open(`${ns.name}x`)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(`did you mean "${ns.name}"`),
  });
  const noNamespace = fileURLToPath(import.meta.url);
  await expect(spaces.open(noNamespace)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(spaces.open('..')).rejects.toMatchObject({ code: 'VALUE' });
  await expect(spaces.open('pid:0')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('discovers each namespace once, the own one never', async () => {
  await using ns = await netns('wb-disc');
  const sleeper = spawn('nsenter', [`--net=/run/netns/${ns.name}`, 'unshare', '-n', 'sleep', '60']);
  await once(sleeper, 'spawn');
  const inside = () => readlinkSync(`/proc/${sleeper.pid}/ns/net`);
  const seen = new Set([readlinkSync('/proc/self/ns/net'), `net:[${ns.inode}]`]);
  while (seen.has(inside()));
  const named = await spaces.discover({ processes: false });
  expect(named).toContainEqual({ name: ns.name, inode: ns.inode });
  expect(named.some(({ name }) => name.startsWith('pid:'))).toBe(false);
  const all = await spaces.discover({ processes: true });
  expect(all.filter(({ inode }) => inode === ns.inode)).toEqual([{ name: ns.name, inode: ns.inode }]);
  expect(all.map(({ name }) => name)).toContain(`pid:${sleeper.pid}`);
  expect(all.map(({ inode }) => inode)).not.toContain(statSync('/proc/self/ns/net').ino);
  sleeper.kill();
  await once(sleeper, 'exit');
});

test('creating and deleting reports what stands in the way', () => {
  const name = `wb-twice-${process.pid}`;
  createNamespace(name);
  expect(() => createNamespace(name)).toThrow(expect.objectContaining({ errnoName: 'EEXIST' }));
  deleteNamespace(name);
  expect(() => deleteNamespace(name)).toThrow(expect.objectContaining({ errnoName: 'ENOENT' }));
  expect(() => createNamespace('a/b')).toThrow(expect.objectContaining({ code: 'VALUE' }));
});

test('a transport is opened once per protocol, and its absence is an error', async () => {
  await using ns = await netns('wb-once');
  const io = await ns.io();
  expect(await io.netlink(NETLINK.ROUTE)).toBe(await io.netlink(NETLINK.ROUTE));
  expect(await io.netlink(NETLINK.GENERIC)).not.toBe(await io.netlink(NETLINK.ROUTE));
  await expect(io.netlink(31 as typeof NETLINK.ROUTE)).rejects.toMatchObject({
    errnoName: 'EPROTONOSUPPORT',
  });
});

test('without CAP_SYS_ADMIN the own namespace works, and others name the right that is missing', async () => {
  await using ns = await netns('wb-caps');
  const script = `
    import { namespaces } from ${JSON.stringify(new URL('../../src/kernel/namespaces.ts', import.meta.url).href)};
    const codeOf = (work) => work.then(() => 'done', (error) => error.code + ' ' + error.details.right);
    const own = await namespaces().own();
    const other = await namespaces().open(${JSON.stringify(ns.name)});
    const links = { type: 18, payload: new Uint8Array(16) };
    for (const io of [own, other]) {
      console.log(await codeOf(io.proc.read('net/dev')));
      console.log(await codeOf(io.proc.list('sys/net/ipv4/conf')));
      console.log(await codeOf(io.sys.list('class/net')));
      console.log(await codeOf(io.netlink(0).then((route) => route.dump(links, () => 0))));
    }
    process.exit();
  `;
  const args = [
    '--bounding-set=-sys_admin',
    process.execPath,
    '--input-type=module-typescript',
    '-e',
    script,
  ];
  const lines = execFileSync('setpriv', args, { encoding: 'utf8' }).trim().split('\n');
  const refused = 'KERNEL_PERMISSION CAP_SYS_ADMIN';
  expect(lines).toEqual(['done', 'done', 'done', 'done', refused, refused, refused, refused]);
});
