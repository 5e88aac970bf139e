// SPDX-License-Identifier: Apache-2.0
// One suite for every NetlinkTransport: what passes here may be relied on, whatever stands behind the port.
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KernelError } from '../../src/base/kernel-error.ts';
import type { DumpOptions, MessageSink, NetlinkTransport } from '../../src/kernel/ports.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { netns } from '../helpers/netns.ts';
import { nodeNetlinkIn } from './node-netlink-process.ts';
import {
  addNexthops,
  addRoute,
  addRoutes,
  deleteRoute,
  dumpNexthops,
  dumpRoutes,
  fakeRoutes,
  ROUTE_GROUP,
  routeIndex,
} from './routes.ts';

/** A transport with an empty routing table behind it. */
interface Subject extends AsyncDisposable {
  readonly transport: NetlinkTransport;
}

interface Kind {
  readonly name: string;
  open(): Promise<Subject>;
  /** What this implementation cannot do. */
  readonly lacks?: readonly ('extack' | 'overrun' | 'abort' | 'pace')[];
}

const KINDS: readonly Kind[] = [
  { name: 'fake', open: async () => ({ transport: fakeRoutes(), async [Symbol.asyncDispose]() {} }) },
  {
    name: 'native',
    open: async () => {
      const ns = await netns('wb-contract');
      const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
      return { transport, [Symbol.asyncDispose]: () => ns[Symbol.asyncDispose]() };
    },
  },
  {
    name: 'node-netlink',
    lacks: ['extack', 'overrun', 'abort', 'pace'],
    open: async () => {
      const ns = await netns('wb-contract');
      const transport = await nodeNetlinkIn(ns.name, NETLINK.ROUTE);
      return {
        transport,
        [Symbol.asyncDispose]: async () => {
          await transport.close();
          await ns[Symbol.asyncDispose]();
        },
      };
    },
  },
];

async function routesOf(transport: NetlinkTransport, options?: DumpOptions): Promise<number[]> {
  const found: number[] = [];
  const sink: MessageSink = (wire, start, end) => {
    const index = routeIndex(wire, start, end);
    if (index !== undefined) found.push(index);
  };
  await transport.dump(dumpRoutes(), sink, options);
  return found.sort((a, b) => a - b);
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await delay(5);
  expect(condition()).toBe(true);
}

/** Keep the event loop busy, so that nothing is received meanwhile. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(KINDS)('$name', ({ open, lacks = [] }) => {
  test('acknowledges a request and returns what came before', async () => {
    await using subject = await open();
    expect(await subject.transport.request(addRoute(1))).toEqual([]);
    const [echo, ...rest] = await subject.transport.request(addRoute(2, true));
    expect(rest).toEqual([]);
    const { buffer, byteOffset, length } = echo?.payload ?? new Uint8Array();
    const view = new DataView(buffer, byteOffset, length);
    expect(routeIndex({ bytes: echo?.payload as Uint8Array, view }, 0, length)).toBe(2);
    expect(await routesOf(subject.transport)).toEqual([1, 2]);
  });

  test('turns a refusal into a KernelError with errno and operation', async () => {
    await using subject = await open();
    await subject.transport.request(addRoute(1));
    const error = await errorOf(subject.transport.request(addRoute(1)));
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({ errno: 17, errnoName: 'EEXIST', operation: 'RTM_NEWROUTE 1' });
    expect(await errorOf(subject.transport.request(deleteRoute(9)))).toMatchObject({ errnoName: 'ESRCH' });
  });

  test('carries what the extended ack says', async () => {
    await using subject = await open();
    const request = addRoute(1);
    request.payload[1] = 33;
    const extack = lacks.includes('extack') ? {} : { message: 'Invalid prefix length' };
    const error = await errorOf(subject.transport.request(request));
    expect(error).toMatchObject({ errnoName: 'EINVAL' });
    expect((error as KernelError).extack).toMatchObject(extack);
  });

  test('keeps overlapping requests and dumps apart', async () => {
    await using subject = await open();
    const { transport } = subject;
    const adds = upTo(300).map((i) => transport.request(addRoute(i)));
    const clash = errorOf(transport.request(addRoute(7)));
    const dumps = [routesOf(transport), routesOf(transport), routesOf(transport)];
    await Promise.all(adds);
    expect(await clash).toMatchObject({ errnoName: 'EEXIST' });
    for (const found of await Promise.all(dumps)) expect(new Set(found).size).toBe(found.length);
    expect(await routesOf(transport)).toEqual(upTo(300));
  });

  test.each(['last', 'each'] as const)('submits a batch and names what was refused, ack %s', async (ack) => {
    await using subject = await open();
    await subject.transport.submit(addRoutes([3, 999]), { ack });
    const failures = await subject.transport.submit(addRoutes(upTo(1000)), { ack });
    expect(failures.map(({ index }) => index)).toEqual([3, 999]);
    for (const { error } of failures) expect(error).toMatchObject({ errnoName: 'EEXIST' });
    expect(await routesOf(subject.transport)).toEqual(upTo(1000));
    expect(await subject.transport.submit(addRoutes([]), { ack })).toEqual([]);
  });

  test('submits overlapping batches in order', async () => {
    await using subject = await open();
    const { transport } = subject;
    const [first, second] = await Promise.all([
      transport.submit(addRoutes(upTo(400))),
      transport.submit(addRoutes([399, 400])),
    ]);
    expect([first, second.map(({ index }) => index)]).toEqual([[], [0]]);
  });

  test('delivers the events of a group until it is closed', async () => {
    await using subject = await open();
    const { transport } = subject;
    const seen: number[] = [];
    let ends = 0;
    const subscription = await transport.subscribe([ROUTE_GROUP], {
      message: (wire, start, end) => seen.push(routeIndex(wire, start, end) ?? -1),
      batchEnd: () => ends++,
      overrun: () => seen.push(-2),
    });
    await transport.submit(addRoutes(upTo(200)));
    await until(() => seen.length >= 200);
    expect(seen).toEqual(upTo(200));
    expect(ends).toBeGreaterThan(0);
    subscription.close();
    await transport.request(addRoute(500));
    await turn();
    expect(seen.length).toBe(200);
  });

  test('reports an overrun and goes on, or refuses to try', async () => {
    await using subject = await open();
    const { transport } = subject;
    if (lacks.includes('overrun')) {
      const handlers = { message() {}, overrun() {} };
      const refused = transport.subscribe([ROUTE_GROUP], handlers, { receiveBuffer: 4096 });
      expect(await errorOf(refused)).toMatchObject({ code: 'TRANSPORT_UNSUPPORTED' });
      return;
    }
    let overruns = 0;
    const seen = new Set<number>();
    await transport.subscribe(
      [ROUTE_GROUP],
      {
        message: (wire, start, end) => seen.add(routeIndex(wire, start, end) ?? -1),
        overrun: () => overruns++,
      },
      { receiveBuffer: 4096 },
    );
    const adding = transport.submit(addRoutes(upTo(128)));
    await Promise.resolve().then(() => undefined);
    block(100);
    await adding;
    await until(() => overruns > 0);
    // the kernel drops events until the receiver has caught up
    for (let i = 1000; i < 1200 && ![...seen].some((index) => index >= 1000); i++) {
      await transport.request(addRoute(i));
      await delay(5);
    }
    expect([...seen].some((index) => index >= 1000)).toBe(true);
  });

  test('streams a large dump', async () => {
    await using subject = await open();
    const { transport } = subject;
    await transport.submit(addRoutes(upTo(20_000)));
    let turns = 0;
    let streaming = true;
    const counting = (async () => {
      for (; streaming; turns++) await turn();
    })();
    const found = await routesOf(transport);
    streaming = false;
    await counting;
    expect(found).toEqual(upTo(20_000));
    expect(turns).toBeGreaterThan(5);
  });

  test('hands on what a sink throws, and stays usable', async () => {
    await using subject = await open();
    await subject.transport.submit(addRoutes(upTo(5000)));
    const broken = new Error('broken sink');
    const work = subject.transport.dump(dumpRoutes(), () => {
      throw broken;
    });
    expect(await errorOf(work)).toBe(broken);
    expect((await routesOf(subject.transport)).length).toBe(5000);
  });

  // the process between does not carry signals
  if (!lacks.includes('abort'))
    test('stops a dump on a signal, and stays usable', async () => {
      await using subject = await open();
      await subject.transport.submit(addRoutes(upTo(5000)));
      const abort = new AbortController();
      let count = 0;
      const work = subject.transport.dump(
        dumpRoutes(),
        () => ++count === 10 && abort.abort(new Error('enough')),
        {
          signal: abort.signal,
        },
      );
      expect(await errorOf(work)).toMatchObject({ message: 'enough' });
      expect(count).toBe(10);
      expect((await routesOf(subject.transport)).length).toBe(5000);
      expect(
        await errorOf(subject.transport.dump(dumpRoutes(), () => 0, { signal: abort.signal })),
      ).toMatchObject({ message: 'enough' });
    });

  if (!lacks.includes('pace'))
    test('holds a dump while its reader is busy, for as long as that takes, and ends it on a signal', async () => {
      await using subject = await open();
      const { transport } = subject;
      await transport.submit(addRoutes(upTo(20_000)));
      const found: number[] = [];
      const abort = new AbortController();
      let goOn = () => {};
      let waits = 0;
      const pace = () =>
        new Promise<void>((resolve) => {
          waits++;
          goOn = resolve;
        });
      const sink = (...[wire, start, end]: Parameters<MessageSink>) =>
        void found.push(routeIndex(wire, start, end) ?? -1);
      const dump = transport.dump(dumpRoutes(), sink, { pace, signal: abort.signal });
      for (let seen = 0; seen < 3; seen++) {
        await until(() => waits > seen);
        const before = found.length;
        expect((await routesOf(transport)).length).toBe(20_000);
        await transport.request(addRoute(30_000 + seen));
        await transport.request(deleteRoute(30_000 + seen));
        expect([waits, found.length]).toEqual([seen + 1, before]);
        goOn();
      }
      await until(() => waits > 3);
      expect(found.length).toBeLessThan(10_000);
      expect(found).toEqual(upTo(found.length));
      abort.abort(new Error('enough'));
      expect(await errorOf(dump)).toMatchObject({ message: 'enough' });
      goOn();
      expect(await routesOf(transport, { pace: () => delay(1) })).toEqual(upTo(20_000));
    });

  test('refuses work after close, and ends what is under way', async () => {
    await using subject = await open();
    const { transport } = subject;
    const pending = errorOf(transport.request(addRoute(1)));
    const dump = errorOf(routesOf(transport));
    await transport.close();
    for (const ended of [await pending, await dump])
      if (ended !== undefined) expect(ended).toMatchObject({ code: 'TRANSPORT_CLOSED' });
    const code = { code: 'TRANSPORT_CLOSED' };
    expect(await errorOf(transport.request(addRoute(2)))).toMatchObject(code);
    expect(await errorOf(routesOf(transport))).toMatchObject(code);
    expect(await errorOf(transport.submit(addRoutes([3])))).toMatchObject(code);
    expect(await errorOf(transport.subscribe([ROUTE_GROUP], { message() {}, overrun() {} }))).toMatchObject(
      code,
    );
  });
});

test('the native transport repeats a dump that the kernel marks as interrupted', async () => {
  await using ns = await netns('wb-contract');
  const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
  expect(await transport.submit(addNexthops(24_000))).toEqual([]);
  let next = 24_001;
  const disturbed = async (times: number) => {
    let count = 0;
    let restarts = 0;
    const disturb = () => times-- > 0 && ns.ip('nexthop', 'add', 'id', String(next++), 'blackhole');
    const restart = () => {
      restarts++;
      count = 0;
    };
    await transport.dump(dumpNexthops(), () => count++ === 0 && disturb(), { restart, attempts: 3 });
    return { count, restarts };
  };
  expect(await disturbed(1)).toEqual({ count: 24_001, restarts: 1 });
  expect(await errorOf(disturbed(9))).toMatchObject({ code: 'DUMP_INTERRUPTED', details: { attempts: 3 } });
  expect(await disturbed(0)).toEqual({ count: 24_004, restarts: 0 });
});

test('the native transport leaves no descriptor behind', async () => {
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) {
    await using subject = await KINDS[1]!.open();
    await Promise.all([routesOf(subject.transport), routesOf(subject.transport)]);
    await subject.transport.subscribe([ROUTE_GROUP], { message() {}, overrun() {} });
  }
  // the test runner's own come and go; a leak would show twenty times
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 20);
});
