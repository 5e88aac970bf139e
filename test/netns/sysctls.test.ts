// SPDX-License-Identifier: Apache-2.0
// Sysctls that a document declares are what sysctl(8) shows after they were written.
import { expect, test } from 'vitest';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import { sysctl } from '../../src/kinds/sysctl/sysctl.ts';
import type { Spec } from '../../src/model/object.ts';
import type { Want } from '../../src/observe/state/class-reader.ts';
import { sysctlReader } from '../../src/observe/state/sysctls.ts';
import { netns } from '../helpers/netns.ts';
import { documentOf, ownedBy, planOf, stateOf } from '../helpers/plan-cases.ts';
import { recordingSink } from '../helpers/recording-sink.ts';

function declared(name: string, value: number | string): Spec {
  const problems: string[] = [];
  const [one] = sysctl.declare?.({ name, value }, (_path, problem) => problems.push(problem)) ?? [];
  expect(problems).toEqual([]);
  return one?.spec as Spec;
}

async function write(io: NamespaceIo, spec: Spec): Promise<void> {
  const { sink, operations } = recordingSink();
  sysctl.write({ op: 'change', before: {}, after: spec }, sink);
  for (const one of operations) {
    if (one.op !== 'other') throw new Error(`a sysctl is no ${one.op}`);
    const [root, path, text] = one.args as ['proc', string, string];
    await io[root].write(path, text);
  }
}

async function read(io: NamespaceIo, ...keys: readonly string[]): Promise<Spec[]> {
  const found: Spec[] = [];
  const context = { io, indexOf: (name: string) => (name === 'lo' ? 1 : undefined) } as unknown as Parameters<
    typeof sysctlReader.read
  >[0];
  const want = { keys: new Set(keys) } as unknown as Want;
  await sysctlReader.read(context, want, (spec) => found.push(spec));
  return found;
}

test.each([
  ['net.ipv4.ip_forward', 1],
  ['net.ipv4.tcp_rmem', '4096 65536 1048576'],
  ['net.ipv4.ip_local_port_range', '20000 30000'],
  ['net.ipv4.ip_local_reserved_ports', '8080,9000-9010'],
  ['net/ipv4/conf/v0.5/rp_filter', 2],
  ['net.ipv6.conf.v0/5.accept_ra', 0],
  ['net.ipv4.neigh.v0/5.gc_stale_time', 120],
])('%s = %s is what the kernel has then, and its former value returns', async (name, value) => {
  await using ns = await netns('wD-sysctl');
  ns.ip('link', 'add', 'v0.5', 'type', 'veth', 'peer', 'name', 'v1');
  const io = await ns.io();
  const spec = declared(name, value);
  const shown = () => ns.exec('sysctl', '-n', sysctl.key(spec)).trim().replace(/\s+/g, ' ');
  const [before] = await read(io, sysctl.key(spec));
  const shownBefore = shown();
  expect(shownBefore).not.toBe(String(value));
  await write(io, spec);
  expect(shown()).toBe(String(value));
  expect(await read(io, sysctl.key(spec))).toEqual([spec]);
  await write(io, before as Spec);
  expect(shown()).toBe(shownBefore);
});

test('what is not there is absent, and what the kernel refuses names the file', async () => {
  await using ns = await netns('wD-sysctl');
  const io = await ns.io();
  expect(await read(io, 'net.ipv4.none', 'net.ipv4.conf', 'net.core.netdev_budget')).toEqual([]);
  await expect(write(io, declared('net.ipv4.ip_forward', 'on'))).rejects.toMatchObject({
    errnoName: 'EINVAL',
    operation: 'write /proc/sys/net/ipv4/ip_forward',
    message: expect.stringContaining('EINVAL: the kernel does not take the value "on"'),
  });
  await expect(write(io, declared('net.core.rmem_max', 4096))).rejects.toMatchObject({
    errnoName: 'EACCES',
    message: expect.stringContaining('it can only be read in this network namespace'),
  });
  await expect(write(io, declared('net.ipv4.none', 1))).rejects.toMatchObject({ code: 'NO_DATA' });
});

test.each([
  ['net.ipv4.ip_foward', 'net.ipv4.ip_forward'],
  ['net.ipv5.ip_forward', 'net.ipv4.ip_forward'],
  ['net.ipv4.conf.all.forwading', 'net.ipv4.conf.all.forwarding'],
  ['net.ipv4.conf.lo.forwading', 'net.ipv4.conf.lo.forwarding'],
  ['net.ipv4.conf.none.forwarding', undefined],
  ['net.core.nothing_like_that_at_all', undefined],
])('of %s, which does not exist, it is known that %s does', async (name, similar) => {
  await using ns = await netns('wD-sysctl');
  const spec = declared(name, 1);
  const needed = sysctl.needs(spec).flatMap(({ class: kind, key }) => (kind === 'sysctl' ? [key] : []));
  const found = await read(await ns.io(), name, ...needed);
  expect(found.filter((one) => one['name'] === name)).toEqual(
    similar === undefined ? [] : [{ name, similar }],
  );
  const { diagnostics } = planOf(
    [documentOf({ sysctls: { [name]: 1 } }, 'Tuning')],
    stateOf(
      ['link', { name: 'lo' }],
      ['link', { name: 'none' }],
      ...found.map((one) => ['sysctl', one] as const),
    ),
  );
  const words = similar === undefined ? 'does not exist' : `did you mean "${similar}"?`;
  expect(diagnostics).toEqual([
    expect.objectContaining({
      severity: 'error',
      id: `sysctl ${spec['name']}`,
      message: expect.stringContaining(words),
    }),
  ]);
});

test('one device differs from what all devices get, and stays so when that goes', async () => {
  await using ns = await netns('wD-sysctl');
  const io = await ns.io();
  const own = 'net.ipv4.conf.lo.forwarding';
  const keys = [
    own,
    'net.ipv4.ip_forward',
    'net.ipv4.conf.all.forwarding',
    'net.ipv4.conf.default.forwarding',
  ];
  const plan = async (sysctls: Spec, owned = new Map()) => {
    const found = await read(io, ...keys);
    const state = stateOf(['link', { name: 'lo' }], ...found.map((one) => ['sysctl', one] as const));
    return planOf([documentOf({ sysctls }, 'Tuning')], state, { owned });
  };
  const apply = async (sysctls: Spec, owned = new Map()) => {
    const made = await plan(sysctls, owned);
    for (const { after } of made.actions) await write(io, after as Spec);
    const known = new Map(ownedBy(made));
    expect((await plan(sysctls, known)).actions).toEqual([]);
    return known;
  };
  const known = await apply({ 'net.ipv4.ip_forward': 1, [own]: 0 });
  expect(await read(io, own, 'net.ipv4.ip_forward')).toMatchObject([{ value: 0 }, { value: 1 }]);
  await apply({ [own]: 1 }, known);
  expect(await read(io, own, 'net.ipv4.ip_forward')).toMatchObject([{ value: 1 }, { value: 0 }]);
});
