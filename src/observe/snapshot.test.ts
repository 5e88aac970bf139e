// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest';
import { addressMessage, linkMessage, ScriptedIo } from '../../test/helpers/scripted-io.ts';
import { WeirError } from '../base/errors.ts';
import { RTM_DELADDR } from '../codec/generated/rt-addr.ts';
import { RTM_DELLINK } from '../codec/generated/rt-link.ts';
import type { Change } from '../model/change.ts';
import { NamespaceSnapshot } from './snapshot.ts';

const AF_BRIDGE = 7;

async function started(scripted: ScriptedIo): Promise<NamespaceSnapshot> {
  const snapshot = new NamespaceSnapshot(scripted.io());
  onTestFinished(() => snapshot.close());
  await snapshot.start();
  return snapshot;
}

const names = (snapshot: NamespaceSnapshot) => snapshot.links().map(({ link }) => link.ifname);
const settled = (snapshot: NamespaceSnapshot) => expect.poll(() => snapshot.status().current).toBe(true);

test('events that come during the dump are applied after it, in order', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'new')];
  scripted.script.during = () =>
    scripted.emit([
      linkMessage(3, 'three'),
      linkMessage(2, 'newer'),
      linkMessage(3, 'three', {}, { type: RTM_DELLINK }),
      linkMessage(4, 'four'),
    ]);
  const snapshot = await started(scripted);
  await settled(snapshot);
  expect(names(snapshot)).toEqual(['lo', 'newer', 'four']);
});

test('after an overrun it listens anew and ignores what the old socket still held', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'v0')];
  const snapshot = await started(scripted);
  const old = scripted.subscriptions.at(-1);
  scripted.script.links = [linkMessage(1, 'lo')];
  scripted.script.during = () => scripted.emit([linkMessage(9, 'ghost')], old);
  scripted.overrun();
  scripted.script.during = () => {};
  await expect.poll(() => snapshot.status().synchronisations).toBe(2);
  await settled(snapshot);
  expect(scripted.subscriptions).toHaveLength(2);
  expect(scripted.subscriptions[0]).toBeUndefined();
  expect(names(snapshot)).toEqual(['lo']);
});

test('an overrun during a dump leads to one more dump, however often it is reported', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo')];
  const snapshot = await started(scripted);
  scripted.script.during = () => {
    scripted.script.during = () => {};
    scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'late')];
    for (let i = 0; i < 5; i++) scripted.overrun();
  };
  scripted.overrun();
  await expect.poll(() => names(snapshot)).toEqual(['lo', 'late']);
  await settled(snapshot);
  expect(snapshot.status()).toMatchObject({ synchronisations: 3, overruns: 6 });
});

test('a dump that the kernel interrupts leaves nothing behind', async () => {
  const scripted = new ScriptedIo();
  scripted.script.interrupted = [linkMessage(1, 'lo'), linkMessage(7, 'gone')];
  scripted.script.links = [linkMessage(1, 'lo')];
  expect(names(await started(scripted))).toEqual(['lo']);
});

test('a retryable failure of the first dump is retried, another one is thrown', async () => {
  const scripted = new ScriptedIo();
  scripted.script.failure = new WeirError('DUMP_INTERRUPTED', { operation: 'dump', attempts: 8 });
  const snapshot = await started(scripted);
  expect(snapshot.status()).toMatchObject({ current: false, error: expect.stringContaining('attempts: 8') });
  scripted.script.failure = undefined;
  scripted.script.links = [linkMessage(1, 'lo')];
  await settled(snapshot);
  expect(names(snapshot)).toEqual(['lo']);

  scripted.script.failure = new WeirError('INTERNAL', { problem: 'broken' });
  await expect(started(scripted)).rejects.toThrow('broken');
});

test('a failing resynchronisation keeps the old state, says why, and goes on trying', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo')];
  const snapshot = await started(scripted);
  scripted.script.failure = new WeirError('INTERNAL', { problem: 'broken' });
  scripted.overrun();
  await expect.poll(() => snapshot.status().error).toContain('broken');
  expect(names(snapshot)).toEqual(['lo']);
  expect(snapshot.status().current).toBe(false);
  scripted.script.failure = undefined;
  await settled(snapshot);
  expect(snapshot.status().error).toBeUndefined();
});

test('messages of bridge ports are no links: their deletion deletes none', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'port')];
  const snapshot = await started(scripted);
  scripted.emit([
    linkMessage(2, 'port', {}, { type: RTM_DELLINK, family: AF_BRIDGE }),
    linkMessage(3, 'end'),
  ]);
  await expect.poll(() => names(snapshot)).toEqual(['lo', 'port', 'end']);
});

test('a message that cannot be decoded is reported and skipped', async () => {
  const scripted = new ScriptedIo();
  const snapshot = await started(scripted);
  const broken = linkMessage(2, 'broken').payload.slice();
  broken.set([3, 0], 16); // an attribute shorter than its header
  scripted.emit([{ type: 16, payload: broken }, linkMessage(3, 'good')]);
  await expect.poll(() => names(snapshot)).toEqual(['good']);
  expect(snapshot.status().error).toContain('attribute');
});

test('a resynchronisation announces what was missed', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'v0'), linkMessage(3, 'same')];
  scripted.script.addresses = [addressMessage(2, 1), addressMessage(3, 2)];
  const snapshot = await started(scripted);
  const heard: string[] = [];
  snapshot.onChange((change: Change) => {
    if (change.kind === 'link') heard.push(`${change.action} ${change.object.ifname}`);
    if (change.kind === 'address') heard.push(`${change.action} ${change.object.local}`);
  });
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(3, 'same'), linkMessage(4, 'v1')];
  scripted.script.addresses = [addressMessage(3, 2), addressMessage(4, 3)];
  scripted.overrun();
  await expect.poll(() => heard).toEqual(['del 192.0.2.1', 'del v0', 'new v1', 'new 192.0.2.3']);
});

test('a listener hears nothing when the kernel repeats itself', async () => {
  const scripted = new ScriptedIo();
  scripted.script.links = [linkMessage(1, 'lo'), linkMessage(2, 'v0')];
  scripted.script.addresses = [addressMessage(2, 1)];
  const snapshot = await started(scripted);
  let heard = 0;
  snapshot.onChange(() => heard++);
  scripted.emit([linkMessage(2, 'v0'), addressMessage(2, 1), addressMessage(2, 9, RTM_DELADDR)]);
  scripted.emit([linkMessage(3, 'v1')]);
  await expect.poll(() => snapshot.link(3)).toBeDefined();
  expect(heard).toBe(1);
});

test('attributes are read once, and again when the address changes', async () => {
  const scripted = new ScriptedIo();
  const address = Uint8Array.of(2, 0, 0, 0, 0, 1);
  scripted.script.links = [linkMessage(2, 'v0', { address })];
  scripted.sysFiles.set('class/net/v0/speed', '10000').set('class/net/v0/addr_assign_type', '1');
  const snapshot = await started(scripted);
  await expect.poll(() => snapshot.link(2)).toMatchObject({ speed: 10000, addrAssignType: 1 });
  const reads = () => scripted.sysReads.filter((path) => path.endsWith('speed')).length;
  scripted.emit([linkMessage(2, 'v0', { address, mtu: 1400 })]);
  await expect.poll(() => snapshot.link(2)?.link.mtu).toBe(1400);
  expect(reads()).toBe(1);
  scripted.sysFiles.delete('class/net/v0/speed');
  scripted.emit([linkMessage(2, 'v0', { address: Uint8Array.of(2, 0, 0, 0, 0, 2) })]);
  await expect.poll(() => reads()).toBe(2);
  await expect.poll(() => snapshot.link(2)).not.toHaveProperty('speed');
});

test('nothing happens after close', async () => {
  const scripted = new ScriptedIo();
  const snapshot = await started(scripted);
  const handlers = scripted.subscriptions.at(-1);
  snapshot.close();
  expect(scripted.subscriptions.at(-1)).toBeUndefined();
  scripted.emit([linkMessage(2, 'late')], handlers);
  handlers?.overrun();
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(names(snapshot)).toEqual([]);
  expect(scripted.dumps).toBe(1);
});
