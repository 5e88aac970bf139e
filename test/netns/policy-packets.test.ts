// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  type Extension,
  extension,
  type FrameSpec,
  frame,
  ipPacket,
  transport,
} from '../helpers/policy-frames.ts';
import { type HandRule, handPolicy } from '../helpers/policy-hand.ts';
import { type PolicyNode, policyNode } from '../helpers/policy-node.ts';
import { A4, A6, B4, B6, ICMP, ICMPV6, TCP, UDP } from '../helpers/policy-probing.ts';
import { readFrame } from '../helpers/policy-reference.ts';

const RULES: readonly HandRule[] = [A4, A6].flatMap((peer) => [
  { peer, protocol: TCP, port: 80, action: 'allow' } as const,
  { peer, protocol: UDP, port: 80, action: 'allow' } as const,
]);

async function isolated(rules = RULES): Promise<PolicyNode> {
  const made = await policyNode([
    { name: 'a', addresses: [A4, A6] },
    { name: 'b', addresses: [B4, B6] },
  ]);
  await made.enforce(handPolicy(2, { 2: { ingress: rules } }), true);
  return made;
}

const FAMILIES = [
  [A4, B4],
  [A6, B6],
] as const;

/** From a to b, on the allowed port. */
function to(source: string, rest: Partial<FrameSpec> = {}): FrameSpec {
  const destination = source.includes(':') ? B6 : B4;
  return { source, destination, protocol: UDP, sourcePort: 5000, port: 80, ...rest };
}

function reasons(made: PolicyNode): (name: string) => number {
  const before = made.enforcer.drops();
  return (name) => (made.enforcer.drops()[name]?.packets ?? 0) - (before[name]?.packets ?? 0);
}

test('tags and headers of extension are looked through, and too many of them are no way in', async () => {
  await using made = await isolated();
  const run = (spec: FrameSpec) => made.run('b', 'ingress', frame(spec));
  for (const [a] of FAMILIES) {
    for (const tags of [
      [],
      [[0x8100, 5]],
      [
        [0x88a8, 5],
        [0x8100, 6],
      ],
    ] as const) {
      expect(run(to(a, { tags })), `${a} ${tags}`).toBe('pass');
      expect(run(to(a, { tags, port: 81 })), `${a} ${tags}`).toBe('drop');
    }
    const deep = reasons(made);
    expect(
      run(
        to(a, {
          tags: [
            [0x8100, 1],
            [0x8100, 2],
            [0x8100, 3],
          ],
        }),
      ),
    ).toBe('drop');
    expect(deep('TOO_DEEP')).toBe(1);
  }
  const chains: readonly (readonly Extension[])[] = [
    [extension(0)],
    [extension(0, 3), extension(60)],
    [extension(0), extension(60), extension(43, 2), extension(60, 4)],
    new Array(7).fill(extension(60)),
  ];
  for (const extensions of chains) {
    expect(run(to(A6, { extensions }))).toBe('pass');
    expect(run(to(A6, { extensions, port: 81 }))).toBe('drop');
    expect(run(to(A6, { extensions, protocol: TCP }))).toBe('pass');
  }
  const deep = reasons(made);
  expect(run(to(A6, { extensions: new Array(9).fill(extension(60)) }))).toBe('drop');
  expect(deep('TOO_DEEP')).toBe(1);
});

test('fragments follow the first one; without one, or with one that hides its ports, they are dropped', async () => {
  await using made = await isolated();
  for (const [a] of FAMILIES) {
    const whole = transport(to(a, { payload: new Uint8Array(64) }));
    const part = (id: number, offset: number, rest: Partial<FrameSpec> = {}, length = 24) => {
      const bytes = transport(to(a, { payload: new Uint8Array(64), ...rest })).slice(offset, offset + length);
      const more = offset + length < whole.length;
      return made.run('b', 'ingress', frame(to(a, { ...rest, fragment: { id, offset, more, part: bytes } })));
    };
    const count = reasons(made);
    expect([part(1, 0), part(1, 24), part(1, 48)], a).toEqual(['pass', 'pass', 'pass']);
    expect([part(2, 24), part(2, 0), part(2, 24)], a).toEqual(['drop', 'pass', 'pass']);
    expect(count('FRAGMENT_ORPHAN')).toBe(1);
    const closed = { port: 81 };
    expect([part(3, 0, closed), part(3, 24, closed)], a).toEqual(['drop', 'drop']);
    // the first fragment once more, with another port: what passed stays what it was, the rest follows the denial
    expect([part(1, 0, closed), part(1, 24)], a).toEqual(['drop', 'drop']);
    const tcp = { protocol: TCP };
    expect([part(5, 0, tcp), part(5, 24, tcp)], a).toEqual(['pass', 'pass']);
    expect([part(6, 0, tcp, 16), part(6, 16, tcp)], a).toEqual(['drop', 'drop']);
    expect([part(7, 0, tcp), part(7, 8, tcp), part(7, 16, tcp)], a).toEqual(['pass', 'drop', 'drop']);
    expect(count('FRAGMENT_SHORT')).toBe(1);
    expect(count('FRAGMENT_OVERLAP')).toBe(3);
  }
});

test('what is cut off anywhere in its headers is dropped as malformed', async () => {
  await using made = await isolated();
  const count = reasons(made);
  let cut = 0;
  for (const spec of FAMILIES.flatMap(([a]) => [
    to(a),
    to(a, { protocol: TCP }),
    to(a, { tags: [[0x8100, 7]] }),
  ])) {
    const bytes = frame(spec);
    expect(made.run('b', 'ingress', bytes)).toBe('pass');
    // this kernel gives no program a frame without the header that its type promises
    for (let length = shortest(bytes); length < bytes.length; length++, cut++)
      expect(made.run('b', 'ingress', bytes.slice(0, length)), `${length} of ${bytes.length}`).toBe('drop');
  }
  expect(count('MALFORMED')).toBe(cut);
});

test('an ICMP error passes if it is about a connection, and only to who has it', async () => {
  await using made = await isolated();
  for (const [a, b] of FAMILIES) {
    const v6 = a === A6;
    const from = (quoted: FrameSpec, destination: string = b, source: string = a): FrameSpec => ({
      source,
      destination,
      protocol: v6 ? ICMPV6 : ICMP,
      type: v6 ? 1 : 3,
      payload: ipPacket(quoted).slice(0, v6 ? 48 : 28),
    });
    const run = (spec: FrameSpec) => made.run('b', 'ingress', frame(spec));
    const sent: FrameSpec = { source: b, destination: a, protocol: UDP, sourcePort: 6000, port: 7000 };
    expect(run(from(sent))).toBe('drop');
    expect(made.run('b', 'egress', frame(sent))).toBe('pass');
    expect(run(from(sent))).toBe('pass');
    // a router on the way
    expect(run(from(sent, b, v6 ? 'fd77::9' : '10.77.0.9'))).toBe('pass');
    expect(run(from({ ...sent, port: 7001 }))).toBe('drop');
    expect(run(from(sent, v6 ? 'fd77::8' : '10.77.0.8'))).toBe('drop');
    expect(run({ ...from(sent), payload: ipPacket(sent).slice(0, v6 ? 41 : 21) })).toBe('drop');
  }
});

/** Of the shortest frame of the same type that can be given to a program. */
function shortest(bytes: Uint8Array): number {
  const type = new DataView(bytes.buffer, bytes.byteOffset).getUint16(12);
  return type === 0x0800 ? 34 : type === 0x86dd ? 54 : 15;
}

/** A small generator of numbers, the same each time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function randomFrame(next: (below: number) => number): Uint8Array {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const source = pick([A4, A6, A4, A6, '10.77.0.9', 'fd77::9']);
  const extensions = source.includes(':')
    ? Array.from({ length: pick([0, 0, 1, 2, 3, 8, 9, 12]) }, () =>
        pick([extension(0), extension(60, 1 + next(3)), extension(43), extension(51), extension(135)]),
      )
    : [];
  const fragment =
    next(4) === 0 ? { id: next(3), offset: pick([0, 0, 8, 16, 24, 1024]), more: next(2) === 0 } : undefined;
  const bytes = frame({
    ...to(source),
    protocol: pick([TCP, UDP, ICMP, ICMPV6, 132, 47, 50, 59, 0, 43, 44]),
    port: pick([80, 80, 81]),
    sourcePort: pick([5000, 67, 547]),
    flags: next(256),
    type: next(160),
    code: next(3),
    ttl: pick([64, 255]),
    payload: new Uint8Array(next(40)),
    tags: Array.from(
      { length: pick([0, 0, 0, 1, 2, 3]) },
      () => [pick([0x8100, 0x88a8]), next(4095)] as const,
    ),
    extensions,
    ...(fragment && { fragment }),
  });
  // then it is damaged
  for (let left = pick([0, 0, 1, 2, 5]); left > 0; left--) {
    const at = 12 + next(Math.min(bytes.length - 12, 80));
    bytes[at] = (bytes[at] as number) ^ (1 << next(8));
  }
  const least = Math.min(shortest(bytes), bytes.length);
  const length = next(4) === 0 ? least + next(bytes.length - least + 1) : bytes.length;
  const padded = new Uint8Array(Math.max(length, shortest(bytes)));
  padded.set(bytes.subarray(0, length));
  return padded;
}

/** What the rules say of a frame, by reading it slowly. */
function expected(bytes: Uint8Array): { verdict: string; reason: string } {
  const read = readFrame(bytes);
  const drop = (reason: string) => ({ verdict: 'deny', reason });
  const pass = (reason: string) => ({ verdict: 'allow', reason });
  if ('unread' in read) return read.unread === 'NOT_IP' ? pass('NOT_IP') : drop(read.unread);
  const { family, protocol, fragment, type, hops, port, source, destination } = read;
  if (fragment === 'later') return drop('FRAGMENT_ORPHAN');
  if (family === 6 && protocol === ICMPV6) {
    const listening = [130, 131, 132, 143].includes(type) && hops === 1 && isOfLink(source);
    if (listening || (type >= 133 && type <= 137 && hops === 255)) return pass('NEIGHBOUR');
  }
  if (Buffer.from(source).equals(destination)) return pass('ITSELF');
  const from = family === 4 ? Buffer.from(source).equals(Buffer.from([10, 77, 0, 1])) : isA6(source);
  return from && (protocol === TCP || protocol === UDP) && port === 80 ? pass('BY_RULE') : drop('DENIED');
}

function isOfLink(source: Uint8Array): boolean {
  return /^(fe[89ab]|0{32}$)/.test(Buffer.from(source).toString('hex'));
}

function isA6(address: Uint8Array): boolean {
  return Buffer.from(address).toString('hex') === `fd77${'0'.repeat(27)}1`;
}

test('100,000 damaged frames: each is judged as its bytes say, none passes that may not, each drop has its reason', {
  timeout: 180_000,
}, async () => {
  await using made = await isolated();
  const io = await made.star.hub.io();
  const place = { io, ifindex: made.star.member('b').ifindex, side: 'workload' } as const;
  const next = numbers(20_261_130);
  const seen = new Map<string, number>();
  for (let i = 0; i < 100_000; i++) {
    const bytes = randomFrame(next);
    const { verdict, reason } = made.enforcer.trace(place, 'ingress', bytes);
    const wanted = expected(bytes);
    if (verdict !== wanted.verdict || reason !== wanted.reason)
      expect({ i, frame: Buffer.from(bytes).toString('hex'), verdict, reason }).toMatchObject(wanted);
    seen.set(reason, (seen.get(reason) ?? 0) + 1);
  }
  for (const reason of ['BY_RULE', 'DENIED', 'MALFORMED', 'TOO_DEEP', 'FRAGMENT_ORPHAN', 'FRAGMENT_OVERLAP'])
    expect(seen.get(reason) ?? 0, reason).toBeGreaterThan(100);
  expect(seen.get('FRAGMENT_SHORT')).toBeGreaterThan(50);
});
