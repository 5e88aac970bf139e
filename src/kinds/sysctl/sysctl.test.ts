// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalName, sysctlParts, sysctlPath } from './name.ts';
import { sysctl, sysctlSpec } from './sysctl.ts';

function declared(name: string, value: unknown) {
  const problems: string[] = [];
  const objects = sysctl.declare?.({ name, value }, (_path, problem) => problems.push(problem)) ?? [];
  return { specs: objects.map(({ spec }) => spec), problems };
}

test('a name is written as sysctl(8) takes it, with dots or slashes', () => {
  const one = { specs: [{ name: 'net.ipv4.conf.eth0/5.forwarding', value: 1 }], problems: [] };
  expect(declared('net/ipv4/conf/eth0.5/forwarding', 1)).toEqual(one);
  expect(declared('net.ipv4.conf.eth0/5.forwarding', '1')).toEqual(one);
  expect(sysctlPath('net.ipv4.conf.eth0/5.forwarding')).toBe('sys/net/ipv4/conf/eth0.5/forwarding');
});

test('what the kernel prints is what was declared', () => {
  const { specs } = declared('net.ipv4.tcp_rmem', '4096  131072 6291456');
  expect(specs).toEqual([sysctlSpec('net.ipv4.tcp_rmem', '4096\t131072\t6291456\n')]);
  expect(declared('net.ipv4.ip_forward', '1').specs).toEqual([sysctlSpec('net.ipv4.ip_forward', '1\n')]);
  expect(sysctlSpec('net.ipv4.x', '18446744073709551615\n')['value']).toBe('18446744073709551615');
});

test.each([
  ['kernel.panic', 'names begin with net.'],
  ['net.core', 'names begin with net.'],
  ['net/ipv4/../../kernel/panic', 'is no name'],
  ['net.ipv4.//.kernel', 'is no name'],
  ['net.ipv4..x', 'is no name'],
  ['net.ipv4.a b', 'is no name'],
  ['net.ipv4.route.flush', 'is an action'],
  ['net.ipv6.conf.eth0.stable_secret', 'is a secret'],
])('%s is refused', (name, problem) => {
  expect(declared(name, 1)).toEqual({ specs: [], problems: [expect.stringContaining(problem)] });
});

test('a value is one line', () => {
  expect(declared('net.ipv4.ip_forward', '1\n2').problems).toEqual(['must be one line of text']);
});

test('what sets all devices comes before one of them', () => {
  const needs = (name: string) => sysctl.needs({ name }).map(({ class: kind, key }) => `${kind} ${key}`);
  expect(needs('net.ipv4.conf.eth0/5.forwarding')).toEqual([
    'link eth0.5',
    'sysctl net.ipv4.ip_forward',
    'sysctl net.ipv4.conf.all.forwarding',
    'sysctl net.ipv4.conf.default.forwarding',
  ]);
  expect(needs('net.ipv6.neigh.eth0.gc_stale_time')).toEqual([
    'link eth0',
    'sysctl net.ipv6.neigh.default.gc_stale_time',
  ]);
  expect(needs('net.ipv6.conf.all.forwarding')).toEqual([]);
  expect(needs('net.core.somaxconn')).toEqual([]);
});

test('every name that is accepted stays below sys/net', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('n', 'e', 't', '.', '/', ' ', '\0') }), (text) => {
      for (const { name } of declared(`net.${text}`, 1).specs as { name: string }[]) {
        const path = sysctlPath(name);
        expect(new URL(path, 'file:///proc/').pathname).toMatch(/^\/proc\/sys\/net\/./);
        expect(canonicalName(sysctlParts(name))).toBe(name);
      }
    }),
  );
});
