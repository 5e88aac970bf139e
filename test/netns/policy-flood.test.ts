// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { BPF, BpfAttr, bpf } from '../../src/kernel/bpf/syscall.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { checksum, frame } from '../helpers/policy-frames.ts';
import { handPolicy } from '../helpers/policy-hand.ts';
import { TEST_STATE } from '../helpers/policy-node.ts';
import { A4, B4, ICMP, probe, reaches, TCP, threeWorkloads } from '../helpers/policy-probing.ts';

/** Frames from 172.16.0.0/16 and any port by chance, with a right checksum of IPv4: as if they came from the wire. */
const FLOOD = `${PRELUDE}
struct headers { __u8 bytes[64]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct headers); } frame SEC(".maps");
const volatile __u32 sum;
SEC("xdp") int flood(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  __u32 zero = 0, chance = bpf_get_prandom_u32(), check;
  struct headers *headers = bpf_map_lookup_elem(&frame, &zero);
  if (!headers || data + sizeof(*headers) > (void *)(long)ctx->data_end) return XDP_ABORTED;
  __builtin_memcpy(data, headers, sizeof(*headers));
  *(__u16 *)(data + 28) = chance;
  *(__u16 *)(data + 34) = chance >> 16;
  check = sum + (chance & 0xffff);
  check = (check & 0xffff) + (check >> 16);
  check = (check & 0xffff) + (check >> 16);
  *(__u16 *)(data + 24) = ~check;
  return XDP_PASS;
}`;

const LIVE_FRAMES = 1 << 1;

interface Flood extends Disposable {
  send(netns: number, ifindex: number, count: number): void;
}

function synFlood(macs: { readonly from: string; readonly to: string }): Flood {
  const bytes = frame({
    source: '172.16.0.0',
    destination: B4,
    protocol: TCP,
    port: 80,
    payload: new Uint8Array(10),
    macs,
  });
  const header = bytes.slice(14, 34);
  header.set([0, 0], 10);
  // as the machine adds: the sum of words in the order of the network, its bytes swapped
  const known = ~checksum(header) & 0xffff;
  const sum = ((known & 255) << 8) | (known >> 8);
  const { programs, maps } = loadObject(bpfObject(FLOOD), { name: 'flood', variables: { sum } });
  openMap(maps.get('frame') as number).update(new Uint8Array(4), bytes.slice(0, 64));
  return {
    send(netns, ifindex, count) {
      const context = new Uint8Array(Uint32Array.of(0, bytes.length, 0, ifindex, 0, 0).buffer);
      const attr = new BpfAttr(80)
        .u32(0, programs.get('flood') as number)
        .u32(8, bytes.length)
        .pointer(16, bytes)
        .u32(32, count)
        .u32(40, context.length)
        .pointer(48, context)
        .u32(64, LIVE_FRAMES);
      bpf(BPF.PROG_TEST_RUN, attr, netns);
    },
    [Symbol.dispose]() {
      for (const fd of [...programs.values(), ...maps.values()]) closeSync(fd);
    },
  };
}

const CONNECTIONS = 20;
const ROUNDS = 25;

test('a flood of first packets from anywhere pushes no established connection out, nor holds one up', {
  timeout: 120_000,
}, async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  const a = made.star.member('a');
  await made.enforce(handPolicy(2, { 2: { ingress: [{ protocol: TCP, port: 80, action: 'allow' }] } }), true);
  hub.exec('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', `net.ipv4.conf.${a.device}.rp_filter=0`);
  const held = await Promise.all(Array.from({ length: CONNECTIONS }, () => a.peer.hold(B4, 80)));
  for (const one of held) expect(await a.peer.say(one)).toBe('heard');
  const before = made.enforcer.flows().established;
  expect(before).toBeGreaterThanOrEqual(CONNECTIONS);

  const io = await hub.io();
  using flood = synFlood({
    from: JSON.parse(a.ns.ip('-j', 'link', 'show', 'eth0'))[0].address,
    to: a.mac,
  });
  let heard = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // in all some dozen times what the table of new connections holds
    flood.send(io.fd, a.ifindex, 1000);
    const answers = await Promise.all(held.map((one) => a.peer.say(one, 3000)));
    heard += answers.filter((answer) => answer === 'heard').length;
    await sleep(5);
  }
  const { established, embryonic } = made.enforcer.flows();
  expect(heard).toBeGreaterThanOrEqual(CONNECTIONS * ROUNDS * 0.95);
  expect(established).toBeGreaterThanOrEqual(CONNECTIONS);
  expect(embryonic).toBeGreaterThan(500);
  expect(embryonic).toBeLessThanOrEqual(TEST_STATE.newFlows);
  expect(made.enforcer.counters().packets[2]).toBeGreaterThan(1000 * ROUNDS * 0.8);
});

function dropsAtXdp(ns: TestNetns, device: string): number {
  const statistics = ns.exec('ethtool', '-S', device).replace(/rx_queue_\d+_/g, '');
  return Number(/xdp_drops: (\d+)/.exec(statistics)?.[1] ?? 0);
}

test('what a host denies for certain is dropped before its stack; what it began itself is answered', async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  const a = made.star.member('a');
  await a.peer.serve('TCP', 90);
  const rules = [{ peer: A4, action: 'deny' }, { action: 'allow' }] as const;
  await made.enforce(handPolicy(2, { 1: { host: true, early: true, ingress: rules } }), true);
  expect(
    made.enforcer
      .attachments()
      .filter(({ attached }) => attached)
      .map(({ hook }) => hook),
  ).toContain('xdp');
  const drops = () => dropsAtXdp(hub, a.device);
  await reaches(made, 'a', [probe('169.254.1.1', 80)], ['silent']);
  expect(drops()).toBeGreaterThan(0);
  expect(made.enforcer.drops()['DENIED']?.packets).toBeGreaterThanOrEqual(drops());
  // replies to what the host asks
  hub.exec('ping', '-q', '-c', '2', '-i', '0.1', '-W', '2', A4);
  // what passes through the host to somebody else is judged as what enters the device of the host
  await reaches(made, 'c', [probe(B4, 80)], ['open']);
  expect(ICMP).toBe(1);
});

test('what exceeds a limit of a host is dropped before its stack, and counted once', async () => {
  await using made = await threeWorkloads();
  const { hub } = made.star;
  const a = made.star.member('a');
  const limit = { unit: 'packets', rate: 1, burst: 5, per: 'source' } as const;
  const rules = [{ protocol: ICMP, action: 'allow', limit }, { action: 'allow' }] as const;
  await made.enforce(handPolicy(2, { 1: { host: true, early: true, ingress: rules } }), true);
  const output = a.ns.exec('sh', '-c', 'ping -q -c 20 -i 0.01 -W 1 169.254.1.1 || true');
  const received = Number(/(\d+) received/.exec(output)?.[1]);
  expect(received).toBeGreaterThanOrEqual(5);
  expect(received).toBeLessThan(12);
  expect(dropsAtXdp(hub, a.device)).toBe(20 - received);
  expect(made.enforcer.drops()['LIMITED']?.packets).toBe(20 - received);
  // rule 2, behind the two fixed ones: all that was sent, and the answers
  expect(made.enforcer.counters().packets[2]).toBe(20 + received);
});
