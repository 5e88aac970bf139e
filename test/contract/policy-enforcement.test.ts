// SPDX-License-Identifier: Apache-2.0
// What the policy host relies on: the same of the programs in the kernel, at tcx and on clsact, and of the fake.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERRNO } from '../../src/base/errno.gen.ts';
import { FakeEnforcement, FakePins } from '../../src/engine/fake/fake-enforcement.ts';
import { PolicyEnforcer } from '../../src/engine/policy/enforcer.ts';
import type { Enforcement, Place } from '../../src/engine/policy/ports.ts';
import { createPolicyDatapath } from '../../src/kernel/bpf/policy/datapath.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { netns } from '../helpers/netns.ts';
import { HAND_SIZES, handPolicy } from '../helpers/policy-hand.ts';
import { TEST_STATE } from '../helpers/policy-node.ts';
import { policyObject } from '../helpers/policy-star.ts';

const compiledAt = (epoch: number) =>
  handPolicy(epoch, { 1: { host: true, early: true, ingress: [{ action: 'deny' }] } });

interface Bench extends AsyncDisposable {
  /** An agent's, on what one before has left. */
  start(): Enforcement;
  readonly io: NamespaceIo;
  /** A new device. @returns its index. */
  device(name: string): number;
  remove(name: string): void;
  /** Somebody detaches what hangs there, but for XDP. */
  strip(name: string, ifindex: number): void;
}

async function kernel(clsact: boolean): Promise<Bench> {
  const ns = await netns('wP');
  const pins = bpffs();
  const io = await ns.io();
  const enforcers: PolicyEnforcer[] = [];
  return {
    io,
    start() {
      const datapath = createPolicyDatapath({ pinDir: pins.path, object: policyObject, clsact });
      enforcers.push(new PolicyEnforcer(datapath, TEST_STATE));
      return enforcers.at(-1) as PolicyEnforcer;
    },
    device(name) {
      ns.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      return JSON.parse(ns.ip('-j', 'link', 'show', name))[0].ifindex;
    },
    remove: (name) => void ns.ip('link', 'del', name),
    strip(name, ifindex) {
      if (clsact) ns.tc('qdisc', 'del', 'dev', name, 'clsact');
      const links = join(pins.path, 'policy/links');
      for (const link of readdirSync(links).filter((one) => one.split('_')[1] === String(ifindex)))
        if (!clsact && !link.includes('xdp'))
          execFileSync('bpftool', ['link', 'detach', 'pinned', join(links, link)]);
    },
    async [Symbol.asyncDispose]() {
      for (const one of enforcers.slice(-1)) await one.unload();
      pins[Symbol.dispose]();
      await ns[Symbol.asyncDispose]();
    },
  };
}

async function fake(): Promise<Bench> {
  const pins = new FakePins();
  const io = { netns: { name: '', inode: 7 } } as NamespaceIo;
  const indexes = new Map<string, number>();
  return {
    io,
    start: () => new FakeEnforcement(pins),
    device(name) {
      indexes.set(name, indexes.size + 2);
      pins.devices.add(`7 ${indexes.get(name)}`);
      return indexes.get(name) as number;
    },
    remove: (name) => void pins.devices.delete(`7 ${indexes.get(name)}`),
    strip(_, ifindex) {
      for (const hook of pins.hooks.values())
        if (hook.ifindex === ifindex && hook.hook !== 'xdp') hook.attached = false;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function place(bench: Bench, device: string, ifindex: number): Place {
  const endpoint = compiledAt(2).endpoint('hand/1') as Place['endpoint'];
  return { netns: '', io: bench.io, ifindex, device, side: 'host', l3: false, early: true, endpoint };
}

function hooksOf(one: Enforcement, ifindex: number): readonly string[] {
  const hooks = one.attachments().filter((hook) => hook.ifindex === ifindex);
  return hooks.map(({ hook, attached }) => `${hook}${attached ? '' : ' lost'}`).sort();
}

const ALL = ['egress', 'ingress', 'xdp'];

describe.each([
  ['tcx', () => kernel(false)],
  ['clsact', () => kernel(true)],
  ['the fake', fake],
])('programs that enforce: %s', (_, make) => {
  test('are made, put in force, found by the next agent, and taken away', async () => {
    await using bench = await make();
    const first = bench.start();
    expect(await first.status()).toEqual({ state: 'absent', epoch: 0 });
    await first.load(HAND_SIZES);
    const made = await first.status();
    expect(made).toMatchObject({ state: 'whole', epoch: 0 });
    await first.load(HAND_SIZES);
    expect(await first.status()).toEqual(made);

    await first.update(compiledAt(2), [], true);
    const whole = await first.status();
    expect(whole).toMatchObject({ state: 'whole', epoch: 2 });
    expect(whole.stamp).not.toBe(made.stamp);
    await first.update(compiledAt(3), [], false);
    expect(await first.status()).toEqual({ ...whole, epoch: 3 });
    const next = bench.start();
    expect(await next.status()).toEqual({ ...whole, epoch: 3 });
    await next.unload();
    expect(await next.status()).toEqual({ state: 'absent', epoch: 0 });
  });

  test('hang on devices until they are taken from there, also what others have detached', async () => {
    await using bench = await make();
    const first = bench.start();
    await first.load(HAND_SIZES);
    const places = ['d0', 'd1'].map((name) => place(bench, name, bench.device(name)));
    const [a, b] = places as [Place, Place];
    await first.update(compiledAt(2), places, true);
    expect(first.attachments()).toEqual([]);
    await first.attach(a);
    await first.attach(b);
    await first.attach(b);
    expect([a, b].map(({ ifindex }) => hooksOf(first, ifindex))).toEqual([ALL, ALL]);

    const next = bench.start();
    await next.status();
    await next.update(compiledAt(3), places, true);
    expect([a, b].map(({ ifindex }) => hooksOf(next, ifindex))).toEqual([ALL, ALL]);
    bench.strip('d1', b.ifindex);
    await next.look();
    expect(hooksOf(next, a.ifindex)).toEqual(ALL);
    expect(hooksOf(next, b.ifindex)).toEqual(['egress lost', 'ingress lost', 'xdp']);
    await next.attach(b);
    await next.look();
    expect(hooksOf(next, b.ifindex)).toEqual(ALL);

    await next.detach(a.io.netns.inode, a.ifindex);
    await next.detach(a.io.netns.inode, a.ifindex);
    expect([a, b].map(({ ifindex }) => hooksOf(next, ifindex))).toEqual([[], ALL]);
    await next.unload();
    expect(next.attachments()).toEqual([]);
  });

  test('do not hang on a device that is gone, and can be taken from there', async () => {
    await using bench = await make();
    const one = bench.start();
    await one.load(HAND_SIZES);
    const places = ['d0', 'd1'].map((name) => place(bench, name, bench.device(name)));
    const [a, b] = places as [Place, Place];
    await one.update(compiledAt(2), places, true);
    await one.attach(a);
    for (const name of ['d0', 'd1']) bench.remove(name);
    await expect(one.attach(b)).rejects.toMatchObject({ errno: ERRNO.ENODEV });
    expect(hooksOf(one, b.ifindex)).toEqual([]);
    await one.look();
    expect(hooksOf(one, a.ifindex)).toEqual(['egress lost', 'ingress lost', 'xdp lost']);
    await one.detach(a.io.netns.inode, a.ifindex);
    expect(one.attachments()).toEqual([]);
  });
});
