// SPDX-License-Identifier: Apache-2.0
// Frames with VLAN tags that pass the devices of a bridge, judged by what is inside.
import { expect, test } from 'vitest';
import { python, type Running } from '../helpers/advice.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { frame } from '../helpers/policy-frames.ts';
import { type HandEndpoint, handPolicy } from '../helpers/policy-hand.ts';
import type { PolicyNode } from '../helpers/policy-node.ts';
import { A4, A6, B4, B6, threeWorkloads, UDP } from '../helpers/policy-probing.ts';

const [OPEN, CLOSED] = [1000, 2000];
const TAGS: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [[0x8100, 5]],
  [[0x88a8, 7]],
  [
    [0x88a8, 5],
    [0x8100, 6],
  ],
];
/** More than are looked through. */
const DEEP = [
  [0x8100, 1],
  [0x8100, 2],
  [0x8100, 3],
] as const;
const TIMES = 5;

/** Frames in hexadecimal, each of them so many times. */
const SENDER = `
import socket, sys
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind(('eth0', 0))
for frame in sys.argv[1:]:
  for _ in range(${TIMES}):
    sender.send(bytes.fromhex(frame))
`;

/** Prints the tags and the text of each frame that arrives with one; the kernel keeps the first tag beside the frame. */
const RECEIVER = `
import re, socket, struct
receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
receiver.setsockopt(263, 8, 1)
receiver.bind(('eth0', 3))
print('ready')
while True:
  data, more, _, (_, _, kind, *_) = receiver.recvmsg(2048, 64)
  text = re.search(b'<([0-9]+)>', data)
  if kind == 4 or not text:
    continue
  tags = []
  for _, _, told in more:
    status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', told[:20])
    if status & 0x10:
      tags.append('%x.%d' % (tpid, tci))
  at = 12
  while struct.unpack('!H', data[at:at + 2])[0] in (0x8100, 0x88a8):
    tags.append('%x.%d' % struct.unpack('!HH', data[at:at + 4]))
    at += 4
  print(text[1].decode(), *tags)
`;

interface Cable extends AsyncDisposable {
  readonly made: PolicyNode;
  readonly receiver: Running;
  /** Have a send frames to b, with and without tags, to a port that is open and to one that is not. */
  send(): void;
}

/** a and b on one bridge of the hub, which passes frames with tags as they are. */
async function cable(): Promise<Cable> {
  const made = await threeWorkloads();
  const { hub } = made.star;
  const [a, b] = [made.star.member('a'), made.star.member('b')];
  hub.ip('link', 'add', 'br0', 'type', 'bridge');
  for (const { device } of [a, b]) hub.ip('link', 'set', device, 'master', 'br0');
  hub.ip('link', 'set', 'br0', 'up');
  const macs = { from: addressOf(a.ns), to: addressOf(b.ns) };
  const hex = (source: string, destination: string, port: number, tags: (typeof TAGS)[number]) => {
    const payload = new TextEncoder().encode(`<${port}>`);
    return Buffer.from(
      frame({ source, destination, protocol: UDP, sourcePort: 4000, port, payload, tags, macs }),
    ).toString('hex');
  };
  const frames = [OPEN, CLOSED].flatMap((port) =>
    TAGS.flatMap((tags) => [hex(A4, B4, port, tags), hex(A6, B6, port, tags)]),
  );
  const receiver = await python(b.ns, RECEIVER);
  return {
    made,
    receiver,
    send: () => void a.ns.exec('python3', '-c', SENDER, ...frames, hex(A4, B4, OPEN, DEEP)),
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await made[Symbol.asyncDispose]();
    },
  };
}

function addressOf(ns: TestNetns): string {
  const [link] = JSON.parse(ns.ip('-j', 'link', 'show', 'eth0')) as { address: string }[];
  return link?.address ?? '';
}

/** What arrives when only the open port is. */
const ARRIVING = TAGS.flatMap((tags) =>
  new Array(2 * TIMES).fill([OPEN, ...tags.map(([type, id]) => `${type.toString(16)}.${id}`)].join(' ')),
).sort();
const DENIED = TAGS.length * 2 * TIMES;

const OPEN_ALONE = [{ protocol: UDP, port: OPEN, action: 'allow' }] as const;
const PLACES: readonly (readonly [string, Readonly<Record<number, HandEndpoint>>])[] = [
  ['what enters the device of a workload', { 1: { egress: OPEN_ALONE } }],
  ['what leaves to the device of a workload', { 2: { ingress: OPEN_ALONE } }],
  ['what enters the device of a host', { 1: { host: true, ingress: OPEN_ALONE } }],
  ['what enters the device of a host with XDP', { 1: { host: true, early: true, ingress: OPEN_ALONE } }],
];

test.each(PLACES)('frames with tags are judged by what is inside: %s', async (_, endpoints) => {
  await using all = await cable();
  const { made, receiver, send } = all;
  const arrived = () => receiver.lines().filter((line) => line !== 'ready');
  send();
  // without a policy everything arrives
  await expect.poll(() => arrived().length, { timeout: 10_000 }).toBe(2 * DENIED + TIMES);
  const before = arrived().length;
  await made.enforce(handPolicy(2, endpoints), true);
  send();
  await expect
    .poll(() => arrived().length - before, { timeout: 10_000 })
    .toBeGreaterThanOrEqual(ARRIVING.length);
  expect(arrived().slice(before).sort()).toEqual(ARRIVING);
  const { DENIED: denied, TOO_DEEP: deep } = made.enforcer.drops();
  expect(denied?.packets).toBe(DENIED);
  expect(deep?.packets).toBe(TIMES);
});

test('at XDP frames without tags are dropped alone, those with tags behind it', async () => {
  await using all = await cable();
  const { made, send } = all;
  await made.enforce(handPolicy(2, { 1: { host: true, early: true, ingress: OPEN_ALONE } }), true);
  send();
  await expect.poll(() => made.enforcer.drops()['DENIED']?.packets).toBe(DENIED);
  const statistics = made.star.hub.exec('ethtool', '-S', made.star.member('a').device);
  const drops = [...statistics.matchAll(/xdp_drops: (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  expect(drops).toBe(DENIED / TAGS.length);
});
