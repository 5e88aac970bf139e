// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { frameStream } from '../helpers/frame-stream.ts';
import { frame } from '../helpers/policy-frames.ts';
import { type HandRule, handPolicy } from '../helpers/policy-hand.ts';
import { A4, A6, B4, B6, probe, reaches, TCP, threeWorkloads, UDP } from '../helpers/policy-probing.ts';

const WEB: readonly HandRule[] = [
  { peer: A4, protocol: TCP, port: 80, action: 'allow' },
  { peer: A6, protocol: TCP, port: 80, action: 'allow' },
];
const [ALLOWED, DENIED, WRONG, OTHERS] = [2000, 2001, 2002, 2003] as const;
const CLOSED: readonly HandRule[] = [
  { peer: A4, action: 'deny' },
  { peer: A6, action: 'deny' },
];

test('a connection that a change still allows goes on; one that it denies is cut, in both directions', async () => {
  await using made = await threeWorkloads();
  const { peer } = made.star.member('a');
  await made.enforce(handPolicy(2, { 2: { ingress: WEB } }), true);
  const v4 = await peer.hold(B4, 80);
  const v6 = await peer.hold(B6, 80);
  expect([await peer.say(v4), await peer.say(v6)]).toEqual(['heard', 'heard']);

  await made.enforce(handPolicy(3, { 2: { ingress: WEB } }));
  expect([await peer.say(v4), await peer.say(v6)]).toEqual(['heard', 'heard']);

  await made.enforce(handPolicy(4, { 2: { ingress: CLOSED } }));
  expect([await peer.say(v4, 1000), await peer.say(v6, 1000)]).toEqual(['lost', 'lost']);
  expect(made.enforcer.drops()['CUT']?.packets).toBeGreaterThan(0);

  // allowed again: what was said meanwhile arrives
  await made.enforce(handPolicy(5, { 2: { ingress: WEB } }));
  expect(await peer.say(v4, 20_000)).toBe('heard');
});

test('a connection is kept by a rule that says so, and new ones are not made', async () => {
  await using made = await threeWorkloads();
  const { peer } = made.star.member('a');
  await made.enforce(handPolicy(2, { 2: { ingress: WEB } }), true);
  const held = await peer.hold(B4, 80);
  expect(await peer.say(held)).toBe('heard');
  const kept = CLOSED.map((rule) => ({ ...rule, keepEstablished: true }));
  await made.enforce(handPolicy(3, { 2: { ingress: kept } }));
  expect(await peer.say(held)).toBe('heard');
  await made.enforce(handPolicy(4, { 2: { ingress: kept } }));
  expect(await peer.say(held)).toBe('heard');
  await reaches(made, 'a', [probe(B4, 80)], ['silent']);
});

test('new tables, another enforcer on the same pins, and none at all leave connections and rules as they are', async () => {
  await using made = await threeWorkloads();
  const { peer } = made.star.member('a');
  await made.enforce(handPolicy(2, { 2: { ingress: WEB } }), true);
  const held = await peer.hold(B4, 80);
  expect(await peer.say(held)).toBe('heard');
  const before = await made.enforcer.status();

  const other = made.restart();
  expect(await other.status()).toEqual(before);
  expect(other.attachments().map(({ hook, attached }) => [hook, attached])).toEqual([
    ['egress', true],
    ['ingress', true],
  ]);
  await made.enforce(handPolicy(3, { 2: { ingress: WEB } }), true);
  expect(await peer.say(held)).toBe('heard');
  expect((await other.status()).stamp).not.toBe(before.stamp);
  expect(other.counters().packets[2]).toBeGreaterThan(0);
  await reaches(made, 'a', [probe(B4, 80), probe(B4, 81)], ['open', 'silent']);
});

test('killing the process that makes changes, at any moment, changes nothing', {
  timeout: 120_000,
}, async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  await made.enforcer.unload();
  const { ifindex } = made.star.member('b');
  const { peer } = made.star.member('a');
  const main = fileURLToPath(new URL('../helpers/policy-keeper-main.ts', import.meta.url));
  let held: number | undefined;
  for (const delay of [0, 35, 130, 410, 777]) {
    const keeper = spawn(process.execPath, [main, made.pinDir, hub.name, String(ifindex), A4], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(keeper, 'exit');
    await once(keeper.stdout, 'data');
    held ??= await peer.hold(B4, 80);
    await sleep(delay);
    keeper.kill('SIGKILL');
    await exit;
    expect(await peer.say(held)).toBe('heard');
    await reaches(made, 'a', [probe(B4, 80), probe(B4, 81)], ['open', 'silent']);
    await reaches(made, 'c', [probe(B4, 80)], ['silent']);
  }
  const after = made.restart();
  expect(await after.status()).toMatchObject({ state: 'whole' });
  expect(after.attachments().every(({ attached }) => attached)).toBe(true);
});

test('of 1,000 changes under traffic none loses a packet that both sides allow or passes one that both deny', {
  timeout: 180_000,
}, async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  const [a, b] = [made.star.member('a'), made.star.member('b')];
  // what changes from one policy to the next is what neither packet is about, and where everything stands
  const rules = (epoch: number): readonly HandRule[] => [
    ...(epoch % 3 === 0 ? [{ protocol: TCP, port: 4000, action: 'allow' } as const] : []),
    { peer: A4, protocol: UDP, port: 83, action: 'allow', counter: ALLOWED },
    { peer: A4, protocol: TCP, port: 81, action: 'allow' },
    ...(epoch % 5 === 0 ? [{ protocol: UDP, port: 4001, action: 'reject' } as const] : []),
    { peer: A4, protocol: UDP, port: 82, action: 'deny', counter: DENIED },
    { peer: A4, protocol: UDP, action: 'deny', counter: WRONG },
    // multicast listener reports of the hub's own IPv6, which come when they like
    { action: 'deny', counter: OTHERS },
  ];
  await made.enforce(handPolicy(2, { 2: { ingress: rules(2) } }), true);
  const mac = a.ns.exec('cat', '/sys/class/net/eth0/address').trim();
  const udp = (port: number) =>
    frame({
      source: A4,
      destination: B4,
      protocol: UDP,
      sourcePort: 999,
      port,
      macs: { from: mac, to: a.mac },
      payload: new Uint8Array(32),
    });
  const held = await a.peer.hold(B4, 81);
  const start = made.enforcer.drops();
  // nobody listens on either: each packet that arrives is counted, and answered to rarely
  const received = counterOf(b.ns, 'NoPorts');
  await using stream = await frameStream(hub.name, a.ifindex, [udp(83), udp(82)]);
  for (let epoch = 3; epoch < 1003; epoch++) {
    await made.update(handPolicy(epoch, { 2: { ingress: rules(epoch) } }));
    if (epoch % 100 === 0) expect(await a.peer.say(held)).toBe('heard');
  }
  const sent = await stream.stop();
  const dropped = (name: string) => (made.enforcer.drops()[name]?.packets ?? 0) - (start[name]?.packets ?? 0);
  expect(sent).toBeGreaterThan(10_000);
  const { packets } = made.enforcer.counters();
  // a signal may cut a portion short; what came is counted by the rule that it belongs to, and by no other
  const [allowed = 0, denied = 0] = [packets[ALLOWED], packets[DENIED]];
  expect(Math.min(allowed, denied)).toBeGreaterThan(sent * 0.9);
  expect(Math.max(allowed, denied)).toBeLessThanOrEqual(sent);
  expect([packets[WRONG], packets[0]]).toEqual([0, 0]);
  expect(dropped('DENIED')).toBe(denied + (packets[OTHERS] ?? 0));
  expect(dropped('CUT') + dropped('BROKEN') + dropped('MALFORMED') + dropped('REJECTED')).toBe(0);
  // behind the policy a busy machine may lose some
  const arrived = counterOf(b.ns, 'NoPorts') - received;
  expect(arrived).toBeLessThanOrEqual(allowed);
  expect(arrived).toBeGreaterThan(sent * 0.9);
});

/** A counter of UDP in /proc/net/snmp. */
function counterOf(ns: { exec(program: string, ...args: readonly string[]): string }, name: string): number {
  const [names = [], values = []] = ns
    .exec('cat', '/proc/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf(name)]);
}
