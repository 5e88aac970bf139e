// SPDX-License-Identifier: Apache-2.0
// Tunables of a device that a document declares are what ethtool(8) and sysfs show after they were written.
import { expect, test } from 'vitest';
import { payloadOf } from '../../src/codec/encoder.ts';
import { encodeGenlmsghdr } from '../../src/codec/generated/netlink.ts';
import { type NamespaceIo, NETLINK } from '../../src/kernel/ports.ts';
import { device } from '../../src/kinds/device/device.ts';
import type { Spec } from '../../src/model/object.ts';
import { genericFamily } from '../../src/observe/metrics-generic-family.ts';
import type { ReadContext, Want } from '../../src/observe/state/class-reader.ts';
import { deviceReader } from '../../src/observe/state/devices.ts';
import { netns } from '../helpers/netns.ts';
import { documentOf, ownedBy, planOf, stateOf } from '../helpers/plan-cases.ts';
import { recordingSink } from '../helpers/recording-sink.ts';

/** A veth of two queues in a namespace, and what plans about it need. */
async function node() {
  const ns = await netns('wD-device');
  const queues = ['numrxqueues', '2', 'numtxqueues', '2'];
  ns.ip('link', 'add', 'v0', ...queues, 'type', 'veth', 'peer', 'name', 'v1', ...queues);
  ns.ip('link', 'set', 'v0', 'up');
  const index = JSON.parse(ns.ip('-j', 'link', 'show', 'v0'))[0].ifindex as number;
  const io = await ns.io();
  const read = async () => {
    const found: Spec[] = [];
    const context = { io, indexOf: (name: string) => (name === 'v0' ? index : undefined) } as ReadContext;
    const want = { keys: new Set(['v0', 'none']) } as unknown as Want;
    await deviceReader.read(context, want, (spec) => found.push(spec));
    expect(found).toHaveLength(1);
    return found[0] as Spec;
  };
  const state = async () => stateOf(['link', { name: 'v0' }], ['device', await read()]);
  const plan = async (items: readonly Spec[], owned = new Map()) =>
    planOf([documentOf({ devices: items }, 'Tuning')], await state(), { owned });
  const apply = async ({ actions }: Awaited<ReturnType<typeof plan>>) => {
    for (const { op, before = {}, after = {} } of actions) {
      const { sink, operations } = recordingSink({ v0: index });
      device.write({ op, before, after }, sink);
      for (const one of operations) await carryOut(io, one);
    }
    return actions.length;
  };
  return { ns, read, plan, apply, [Symbol.asyncDispose]: () => ns[Symbol.asyncDispose]() };
}

type Exec = (...words: string[]) => string;

/** A file of the device as sysfs shows it in the namespace. */
function sysfs(exec: Exec, file: string): string {
  const script = 'mount -t sysfs sysfs /sys && cat "$0"';
  return exec('unshare', '--mount', 'sh', '-c', script, `/sys/class/net/v0/${file}`).trim();
}

async function carryOut(
  io: NamespaceIo,
  one: ReturnType<typeof recordingSink>['operations'][number],
): Promise<void> {
  if (one.op === 'rtnl') throw new Error('a device is no rtnetlink');
  if (one.op === 'other') {
    const [root, path, text] = one.args as ['sys', string, string];
    return io[root].write(path, text);
  }
  const transport = await io.netlink(NETLINK.GENERIC);
  const payload = payloadOf((out) => {
    encodeGenlmsghdr(out, { cmd: one.command, version: 1 });
    out.raw(one.payload);
  });
  await transport.request({ type: await genericFamily(transport, one.family), payload });
}

test.each<[string, Spec, (exec: Exec) => void]>([
  [
    'channels',
    { channels: { rx: 1, tx: 1 } },
    (exec) => expect(exec('ethtool', '-l', 'v0').split('Current')[1]).toMatch(/RX:\s+1\nTX:\s+1/),
  ],
  [
    'a feature',
    { features: { 'tx-udp-segmentation': false, gro: true } },
    (exec) => {
      expect(exec('ethtool', '-k', 'v0')).toMatch(/tx-udp-segmentation: off/);
      expect(exec('ethtool', '-k', 'v0')).toMatch(/generic-receive-offload: on/);
    },
  ],
  [
    'a family of features',
    { features: { tso: false } },
    (exec) =>
      expect(exec('ethtool', '-k', 'v0')).toMatch(/tcp-segmentation-offload: off\n(\ttx-tcp.*off.*\n)+/),
  ],
  [
    'checksums, on which others depend',
    { features: { tx: false } },
    (exec) => expect(exec('ethtool', '-k', 'v0')).toMatch(/tx-checksumming: off/),
  ],
  [
    'all queues',
    { queues: { rps_cpus: '3', rps_flow_cnt: 1000, xps_cpus: '0x1' } },
    (exec) => {
      for (const queue of ['0', '1']) {
        expect(BigInt(`0x${sysfs(exec, `queues/rx-${queue}/rps_cpus`)}`)).toBe(3n);
        expect(sysfs(exec, `queues/rx-${queue}/rps_flow_cnt`)).toBe('1024');
        expect(BigInt(`0x${sysfs(exec, `queues/tx-${queue}/xps_cpus`)}`)).toBe(1n);
      }
    },
  ],
  [
    'one queue',
    { queues: { rps_cpus: { 1: '2' } } },
    (exec) => {
      expect(BigInt(`0x${sysfs(exec, 'queues/rx-1/rps_cpus')}`)).toBe(2n);
      expect(BigInt(`0x${sysfs(exec, 'queues/rx-0/rps_cpus')}`)).toBe(0n);
    },
  ],
  [
    'polling',
    { features: { gro: true }, gro_flush_timeout: 20000, napi_defer_hard_irqs: 2, threaded: true },
    (exec) => {
      expect(sysfs(exec, 'gro_flush_timeout')).toBe('20000');
      expect(sysfs(exec, 'napi_defer_hard_irqs')).toBe('2');
      expect(sysfs(exec, 'threaded')).toBe('1');
    },
  ],
])('%s: set, nothing left to do, and given back', async (_name, settings, check) => {
  await using one = await node();
  const before = await one.read();
  const first = await one.plan([{ dev: 'v0', ...settings }]);
  expect(first.diagnostics).toEqual([]);
  expect(await one.apply(first)).toBe(1);
  check((...words) => one.ns.exec(...(words as [string, ...string[]])));
  const owned = ownedBy(first);
  expect((await one.plan([{ dev: 'v0', ...settings }], new Map(owned))).actions).toEqual([]);
  await one.apply(await one.plan([], new Map(owned)));
  expect(await one.read()).toEqual(before);
});

test.each<[string, Spec, string]>([
  ['a group', { rings: { rx: 1 } }, 'device v0: its driver has no rings'],
  ['a group', { coalesce: { rx_usecs: 1 } }, 'device v0: its driver has no coalesce'],
  ['a fixed feature', { features: { lro: true } }, 'device v0: its rx-lro is fixed off'],
  [
    'an unknown feature',
    { features: { 'tx-udp-segmentatoin': true } },
    'device v0: it has no tx-udp-segmentatoin among its features, did you mean "tx-udp-segmentation"?',
  ],
  ['a queue', { queues: { rps_cpus: { 7: '1' } } }, 'device v0: it has no queue 7 for rps_cpus'],
])('%s that the device lacks is an error of the plan', async (_name, settings, message) => {
  await using one = await node();
  const { diagnostics } = await one.plan([{ dev: 'v0', ...settings }]);
  expect(diagnostics).toEqual([expect.objectContaining({ severity: 'error', code: 'FIXED', message })]);
});

test('a fixed feature that is as declared is fine', async () => {
  await using one = await node();
  expect(await one.plan([{ dev: 'v0', features: { lro: false } }])).toMatchObject({
    actions: [],
    diagnostics: [],
  });
});
