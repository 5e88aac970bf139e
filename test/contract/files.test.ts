// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { textOf } from '../../src/base/bytes.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { netns } from '../helpers/netns.ts';

test('procfs and sysfs are those of the namespace', async () => {
  await using ns = await netns('wb-files');
  ns.ip('link', 'add', 'v0', 'address', '02:00:00:00:00:07', 'type', 'veth', 'peer', 'name', 'v1');
  const { proc, sys } = await ns.io();
  const dev = textOf(await proc.read('net/dev'));
  expect(dev).toContain('v0:');
  expect(dev).toBe(ns.exec('cat', '/proc/net/dev'));
  expect(textOf(await sys.read('class/net/v0/address'))).toBe('02:00:00:00:00:07\n');
  expect([...(await sys.list('class/net'))].sort()).toEqual(['lo', 'v0', 'v1']);
  expect([...(await proc.list('sys/net/ipv4/conf'))].sort()).toEqual(['all', 'default', 'lo', 'v0', 'v1']);
  expect([...(await proc.list('net/dev_snmp6'))].sort()).toEqual(['lo', 'v0', 'v1']);
  expect(textOf(await proc.read('version'))).toBe(readFileSync('/proc/version', 'utf8'));
});

test('a file that is read again has its new content', async () => {
  await using ns = await netns('wb-files');
  const { proc, sys } = await ns.io();
  const forwarding = async () => textOf(await proc.read('sys/net/ipv4/ip_forward'));
  ns.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  expect(await forwarding()).toBe('1\n');
  ns.exec('sysctl', '-qw', 'net.ipv4.ip_forward=0');
  expect(await forwarding()).toBe('0\n');
  for (const mtu of ['1400', '1300']) {
    ns.ip('link', 'add', 'v0', 'mtu', mtu, 'type', 'veth', 'peer', 'name', 'v1');
    expect(textOf(await sys.read('class/net/v0/mtu'))).toBe(`${mtu}\n`);
    expect(textOf(await proc.read('sys/net/ipv6/conf/v0/mtu'))).toBe(`${mtu}\n`);
    ns.ip('link', 'del', 'v0');
    for (const gone of [sys.read('class/net/v0/mtu'), proc.read('sys/net/ipv6/conf/v0/mtu')])
      await expect(gone).rejects.toMatchObject({ code: 'NO_DATA' });
  }
});

test('what is absent or outside is refused by name', async () => {
  await using ns = await netns('wb-files');
  const { proc, sys } = await ns.io();
  await expect(proc.read('net/none')).rejects.toMatchObject({
    code: 'NO_DATA',
    details: { what: '/proc/net/none' },
  });
  await expect(sys.list('class/none')).rejects.toMatchObject({ code: 'NO_DATA' });
  await expect(proc.list('net/none')).rejects.toMatchObject({ code: 'NO_DATA' });
  for (const path of ['../etc/passwd', '/etc/passwd', 'net/../../etc/passwd'])
    await expect(proc.read(path)).rejects.toMatchObject({ code: 'VALUE' });
  await expect(proc.read('net')).rejects.toMatchObject({ code: 'KERNEL', errnoName: 'EISDIR' });
});

test('overlapping reads of one file do not disturb each other', async () => {
  await using ns = await netns('wb-files');
  const { proc } = await ns.io();
  const texts = await Promise.all(Array.from({ length: 20 }, () => proc.read('net/snmp')));
  for (const text of texts) expect(textOf(text)).toContain('Icmp: ');
});

test('a file longer than one read comes whole', async () => {
  const { proc } = await namespaces().own();
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const clients = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const lines = textOf(await proc.read('net/tcp')).split('\n');
  expect(lines.filter((line) => line.includes(suffix)).length).toBe(801);
  for (const client of clients) client.destroy();
  server.close();
});
