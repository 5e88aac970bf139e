// SPDX-License-Identifier: Apache-2.0
// Tunables of a device that a document declares are what ethtool(8) shows after they were written.
import { expect, test } from 'vitest';
import { payloadOf } from '../../src/codec/encoder.ts';
import { encodeGenlmsghdr } from '../../src/codec/generated/netlink.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { device } from '../../src/kinds/device/device.ts';
import type { Spec } from '../../src/model/object.ts';
import { genericFamily } from '../../src/observe/metrics-generic-family.ts';
import type { ReadContext } from '../../src/observe/state/class-reader.ts';
import { deviceReader } from '../../src/observe/state/devices.ts';
import { netns } from '../helpers/netns.ts';
import { recordingSink } from '../helpers/recording-sink.ts';

test('channels are set, read back and given back; rings, which veth lacks, are refused', async () => {
  await using ns = await netns('wD-device');
  const queues = ['numrxqueues', '2', 'numtxqueues', '2'];
  ns.ip('link', 'add', 'v0', ...queues, 'type', 'veth', 'peer', 'name', 'v1', ...queues);
  const index = JSON.parse(ns.ip('-j', 'link', 'show', 'v0'))[0].ifindex as number;
  const io = await ns.io();
  const transport = await io.netlink(NETLINK.GENERIC);
  const read = async () => {
    const found: Spec[] = [];
    const context = { io, indexOf: (name: string) => (name === 'v0' ? index : undefined) } as ReadContext;
    const want = { keys: new Set(['v0', 'none']), onLinks: new Set<string>(), all: false };
    await deviceReader.read(context, want, (spec) => found.push(spec));
    return found;
  };
  const write = async (before: Spec, after: Spec) => {
    const { sink, operations } = recordingSink({ v0: index });
    device.write({ op: 'change', before, after }, sink);
    for (const one of operations) {
      if (one.op !== 'genl') throw new Error(`a device is no ${one.op}`);
      const { command: cmd, family, payload } = one;
      const framed = payloadOf((out) => {
        encodeGenlmsghdr(out, { cmd, version: 1 });
        out.raw(payload);
      });
      await transport.request({ type: await genericFamily(transport, family), payload: framed });
    }
    return operations.length;
  };
  const [before] = (await read()) as [Spec];
  expect(before).toMatchObject({ dev: 'v0', channels: { rx: 2, tx: 2 } });
  expect(device.fixed?.(before, { ...before, rings: { rx: 1 } }, ['rings.rx'])).toEqual(['rings.rx']);
  const after = { dev: 'v0', channels: { ...(before['channels'] as object), rx: 1, tx: 1 } };
  expect(await write(before, after)).toBe(1);
  expect(ns.exec('ethtool', '-l', 'v0').split('Current')[1]).toMatch(/RX:\s+1\nTX:\s+1/);
  expect(await read()).toEqual([after]);
  expect(await write(after, after)).toBe(0);
  await write(after, before);
  expect(await read()).toEqual([before]);
});
