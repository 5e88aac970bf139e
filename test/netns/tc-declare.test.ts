// SPDX-License-Identifier: Apache-2.0
// What a document says of qdiscs and classes is what the kernel reports after it was written, and what `tc` shows.

import { describe, expect, test } from 'vitest';
import { complaints } from '../../src/base/validate.ts';
import { Encoder } from '../../src/codec/encoder.ts';
import { noPrograms } from '../../src/engine/fake/no-programs.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { objectClass } from '../../src/kinds/classes.ts';
import type { Change } from '../../src/kinds/object-class.ts';
import type { ClassName, Spec } from '../../src/model/object.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import { differing } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { recordingSink } from '../helpers/recording-sink.ts';

const NLM_F_REQUEST = 1;

interface Case {
  readonly made: Spec;
  /** Settings of the kind that are changed in place. */
  readonly changed?: Spec;
  /** What `tc -j` shows of it once it is made: options, or fields of the qdisc. */
  readonly shown: Spec;
}

const CASES: Readonly<Record<string, Case>> = {
  tbf: {
    made: { kind: 'tbf', handle: '1:', tbf: { rate: '50mbit', burst: '32kb', limit: '64kb' } },
    changed: { rate: '10mbit', burst: 20_000, limit: '100kb' },
    // tc cuts bursts to microseconds
    shown: { kind: 'tbf', handle: '1:', rate: 6_250_000, burst: 32_762 },
  },
  'tbf with a latency': {
    made: { kind: 'tbf', tbf: { rate: '1mbit', burst: '16kb', latency: '50ms', overhead: 14 } },
    shown: { rate: 125_000, burst: 16_384, lat: 50_000 },
  },
  'tbf with a peak': {
    made: {
      kind: 'tbf',
      tbf: { rate: '10mbit', burst: '15kb', limit: '1mb', peakrate: '20mbit', minburst: 1540, mpu: 64 },
    },
    changed: { rate: '10mbit', burst: '15kb', limit: '1mb', peakrate: '25mbit', minburst: '2kb', mpu: 64 },
    shown: { rate: 1_250_000, minburst: 1540 },
  },
  'tbf beyond 32 bits': {
    made: { kind: 'tbf', tbf: { rate: '100gbit', burst: '1mb', limit: '10mb' } },
    changed: { rate: '40gbit', burst: '1mb', limit: '10mb' },
    shown: { rate: 12_500_000_000 },
  },
  pfifo: {
    made: { kind: 'pfifo', handle: 'A:', pfifo: { limit: 50 } },
    changed: { limit: 7 },
    shown: { kind: 'pfifo', handle: 'a:', limit: 50 },
  },
  'pfifo without a limit': { made: { kind: 'pfifo' }, shown: { kind: 'pfifo', limit: 1000 } },
  bfifo: {
    made: { kind: 'bfifo', bfifo: { limit: '64kb' } },
    changed: { limit: 1500 },
    shown: { kind: 'bfifo', limit: 65_536 },
  },
  htb: {
    made: { kind: 'htb', handle: '1:', htb: { default: '20', r2q: 100, direct_qlen: 77 } },
    shown: { kind: 'htb', r2q: 100, default: '0x20', direct_qlen: 77 },
  },
  mq: { made: { kind: 'mq', handle: '5:' }, shown: { kind: 'mq', handle: '5:' } },
  noqueue: { made: { kind: 'noqueue' }, shown: { kind: 'noqueue' } },
  ingress: { made: { kind: 'ingress', ingress_block: 7 }, shown: { kind: 'ingress', ingress_block: 7 } },
  clsact: {
    made: { kind: 'clsact', ingress_block: 7, egress_block: 8 },
    shown: { kind: 'clsact', ingress_block: 7, egress_block: 8 },
  },
};

describe('a declared qdisc is what the kernel reports', () => {
  test.for(Object.entries(CASES))('%s', async ([, { made, changed, shown }]) => {
    await using ns = await device();
    const defaults = tcShow(ns);
    const first = declared('qdisc', { dev: 'x0', ...made });
    await write(ns, 'qdisc', { op: 'create', after: first });
    expect(await difference(ns, 'qdisc', first)).toEqual([]);
    const [seen] = tcShow(ns).filter(({ kind, handle }) => kind === made['kind'] && handle !== '0:') as [
      Spec,
    ];
    expect({ ...seen, ...(seen['options'] as Spec) }).toMatchObject(shown);
    const before = await only(ns, 'qdisc');
    // what is observed can be declared, and is then the same
    const again = declared('qdisc', objectClass('qdisc').item?.(before) as Spec);
    expect(differing(objectClass('qdisc'), again, before, true)).toEqual([]);
    if (changed !== undefined) {
      const kind = String(made['kind']);
      const second = declared('qdisc', { dev: 'x0', ...made, [kind]: changed });
      const after = { ...before, [kind]: { ...(before[kind] as Spec), ...(second[kind] as Spec) } };
      await write(ns, 'qdisc', { op: 'change', before, after });
      expect(await difference(ns, 'qdisc', second)).toEqual([]);
      await write(ns, 'qdisc', { op: 'change', before: after, after: before });
      expect(await only(ns, 'qdisc')).toEqual(before);
    }
    // the default one is back, and a rollback makes the other one of all that was read
    await write(ns, 'qdisc', { op: 'remove', before });
    expect(await observed(ns, 'qdisc')).toEqual([]);
    expect(tcShow(ns)).toEqual(defaults);
    await write(ns, 'qdisc', { op: 'create', after: before });
    expect(await only(ns, 'qdisc')).toEqual(before);
  });
});

describe('a declared class is what the kernel reports', () => {
  test('inner classes, leaves and their qdiscs', async () => {
    await using ns = await device();
    const items: readonly (readonly [ClassName, Spec])[] = [
      ['qdisc', { dev: 'x0', kind: 'htb', handle: '1:', htb: { default: '20' } }],
      ['class', { dev: 'x0', kind: 'htb', classid: '1:1', htb: { rate: '100mbit', prio: 3 } }],
      [
        'class',
        {
          dev: 'x0',
          kind: 'htb',
          classid: '1:10',
          parent: '1:1',
          htb: {
            rate: '30mbit',
            ceil: '100mbit',
            burst: '15k',
            cburst: '1600b',
            prio: 1,
            quantum: 3000,
            mpu: 64,
          },
        },
      ],
      [
        'class',
        { dev: 'x0', kind: 'htb', classid: '1:20', parent: '1:1', htb: { rate: '50gbit', ceil: '80gbit' } },
      ],
      ['qdisc', { dev: 'x0', kind: 'htb', parent: '1:10', handle: '10:' }],
      [
        'class',
        { dev: 'x0', kind: 'htb', classid: '10:1', under: '1:10', htb: { rate: '1mbit', burst: '10kb' } },
      ],
      [
        'qdisc',
        {
          dev: 'x0',
          kind: 'tbf',
          parent: '1:20',
          handle: '20:',
          tbf: { rate: '1mbit', burst: '5kb', limit: '9kb' },
        },
      ],
      [
        'qdisc',
        { dev: 'x0', kind: 'pfifo', parent: '20:1', under: '1:20', handle: '21:', pfifo: { limit: 5 } },
      ],
    ];
    const specs = items.map(([name, item]) => [name, declared(name, item)] as const);
    for (const [name, after] of specs) await write(ns, name, { op: 'create', after });
    for (const [name, spec] of specs) expect(await difference(ns, name, spec)).toEqual([]);
    // nothing is reported that nobody declared, and its needs are what was declared
    for (const name of ['qdisc', 'class'] as const) {
      const wanted = specs.filter(([one]) => one === name).map(([, spec]) => spec);
      const seen = await observed(ns, name);
      const keys = (list: readonly Spec[]) => list.map((spec) => objectClass(name).key(spec)).sort();
      const needs = (list: readonly Spec[]) =>
        list
          .map((spec) => JSON.stringify([objectClass(name).key(spec), objectClass(name).needs(spec)]))
          .sort();
      expect(keys(seen)).toEqual(keys(wanted));
      expect(needs(seen)).toEqual(needs(wanted));
    }
    const shown = ns.tc('class', 'show', 'dev', 'x0');
    expect(shown).toMatch(
      /class htb 1:10 parent 1:1 leaf 10: prio 1 rate 30Mbit ceil 100Mbit burst 15Kb.* cburst 1600b/,
    );
    expect(shown).toMatch(/class htb 1:20 parent 1:1 leaf 20: prio 0 rate 50Gbit ceil 80Gbit/);
    expect(shown).toMatch(/class htb 10:1 root prio 0 rate 1Mbit ceil 1Mbit burst 10Kb/);
  });

  test('changed, removed and made again', async () => {
    await using ns = await device();
    await write(ns, 'qdisc', {
      op: 'create',
      after: declared('qdisc', { dev: 'x0', kind: 'htb', handle: '1:' }),
    });
    const item = { dev: 'x0', kind: 'htb', classid: '1:a', htb: { rate: '7mbit', burst: 20_001 } };
    await write(ns, 'class', { op: 'create', after: declared('class', item) });
    const before = await only(ns, 'class');
    const again = declared('class', objectClass('class').item?.(before) as Spec);
    expect(differing(objectClass('class'), again, before, true)).toEqual([]);
    const second = declared('class', {
      ...item,
      htb: { rate: '5gbit', ceil: '60gbit', burst: '1mb', prio: 5 },
    });
    const after = { ...before, htb: { ...(before['htb'] as Spec), ...(second['htb'] as Spec) } };
    await write(ns, 'class', { op: 'change', before, after });
    expect(await difference(ns, 'class', second)).toEqual([]);
    await write(ns, 'class', { op: 'change', before: after, after: before });
    expect(await only(ns, 'class')).toEqual(before);
    await write(ns, 'class', { op: 'remove', before });
    expect(await observed(ns, 'class')).toEqual([]);
    await write(ns, 'class', { op: 'create', after: before });
    expect(await only(ns, 'class')).toEqual(before);
  });

  test('bursts of every size at every rate are settled at once', async () => {
    await using ns = await device();
    await write(ns, 'qdisc', {
      op: 'create',
      after: declared('qdisc', { dev: 'x0', kind: 'htb', handle: '1:' }),
    });
    const rates = ['64kbit', '1mbit', '33333kbps', '1gbit', '10gbit', '400gbit'];
    const bursts = [1, 1500, 1601, '15k', '32kb', 99_999, '1mb'];
    const specs = rates.flatMap((rate, i) =>
      bursts.map((burst, j) =>
        declared('class', {
          dev: 'x0',
          kind: 'htb',
          classid: `1:${(i * 16 + j + 1).toString(16)}`,
          htb: { rate, burst, cburst: burst },
        }),
      ),
    );
    for (const after of specs) await write(ns, 'class', { op: 'create', after });
    for (const spec of specs) expect(await difference(ns, 'class', spec)).toEqual([]);
  });
});

async function device(): Promise<TestNetns> {
  const ns = await netns('wB1');
  ns.ip('link', 'add', 'x0', 'numtxqueues', '4', 'numrxqueues', '4', 'type', 'veth', 'peer', 'name', 'x1');
  ns.ip('link', 'set', 'x0', 'txqueuelen', '1000', 'up');
  ns.ip('link', 'set', 'x1', 'up');
  return ns;
}

function tcShow(ns: TestNetns): readonly Spec[] {
  return JSON.parse(ns.tc('-j', 'qdisc', 'show', 'dev', 'x0')) as Spec[];
}

function declared(name: ClassName, item: Spec): Spec {
  const kind = objectClass(name);
  expect(complaints(kind.section!.schema, item)).toEqual([]);
  const problems: string[] = [];
  const found = kind.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`));
  expect(problems).toEqual([]);
  return found?.[0]?.spec as Spec;
}

async function observed(ns: TestNetns, name: ClassName): Promise<readonly Spec[]> {
  const io = await ns.io();
  const reader = createStateReader({ own: async () => io, open: async () => io }, noPrograms);
  const objects = await reader.read({ netns: '', keys: new Map(), all: true });
  return [...objects.values()].flatMap((one) => (one.class === name ? [one.spec] : []));
}

async function only(ns: TestNetns, name: ClassName): Promise<Spec> {
  const list = await observed(ns, name);
  expect(list).toHaveLength(1);
  return list[0] as Spec;
}

async function difference(ns: TestNetns, name: ClassName, wanted: Spec): Promise<readonly string[]> {
  const kind = objectClass(name);
  const seen = (await observed(ns, name)).find((one) => kind.key(one) === kind.key(wanted)) ?? {};
  return differing(kind, wanted, seen, false).map(
    (field) => `${field} of ${JSON.stringify(wanted)}: ${JSON.stringify(seen)}`,
  );
}

/** Send each message, as an executor does. */
async function write(ns: TestNetns, name: ClassName, change: Change): Promise<void> {
  const indexes = JSON.parse(ns.ip('-j', 'link')) as { ifname: string; ifindex: number }[];
  const { sink, operations } = recordingSink(
    Object.fromEntries(indexes.map(({ ifname, ifindex }) => [ifname, ifindex])),
  );
  objectClass(name).write(change, sink);
  const out = new Encoder();
  for (const operation of operations) {
    if (operation.op !== 'rtnl') throw new Error(`cannot carry out ${operation.op}`);
    const mark = out.messageBegin(operation.type, operation.flags | NLM_F_REQUEST);
    out.raw(operation.payload);
    out.messageEnd(mark);
  }
  const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
  const failures = await transport.submit(out.batch(), { ack: 'each' });
  expect(failures.map((failure) => JSON.stringify([change, failure]))).toEqual([]);
}
