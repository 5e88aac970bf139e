// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DriftWatch } from '../../src/engine/drift/drift-watch.ts';
import { recover } from '../../src/engine/recovery.ts';
import { attachTcx, linkInfo, queryHook } from '../../src/kernel/bpf/links.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { counterObject, type ProgramBench, programBench, programDocument } from '../helpers/program-bench.ts';

const TCX_INGRESS = 46;
const onV0 = { program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] };

function indexOf({ ns }: ProgramBench, device: string): number {
  return (JSON.parse(ns.ip('-j', 'link', 'show', 'dev', device)) as [{ ifindex: number }])[0].ifindex;
}

async function onTcx(bench: ProgramBench): Promise<readonly number[]> {
  const io = await bench.ns.io();
  return queryHook(io.fd, indexOf(bench, 'v0'), TCX_INGRESS).programs.map(({ link }) => link);
}

/** Programs on tcx ingress of v0 that are nobody's, with what they count. */
async function foreigners(bench: ProgramBench, count: number) {
  const io = await bench.ns.io();
  const bytes = counterObject();
  return Array.from({ length: count }, () => {
    const loaded = loadObject(bytes, { name: 'foreign', types: { ingress: { type: 3, attachType: 0 } } });
    const link = attachTcx(io.fd, loaded.programs.get('ingress') as number, indexOf(bench, 'v0'), 'ingress');
    const map = openMap(loaded.maps.get('seen') as number);
    return {
      link: linkInfo(link).id,
      seen: () => Buffer.from(map.lookup(new Uint8Array(4)) as Uint8Array).readBigUInt64LE(),
      [Symbol.dispose]() {
        for (const fd of [link, ...loaded.programs.values(), ...loaded.maps.values()]) closeSync(fd);
      },
    };
  });
}

test('programs of others keep their order and run while Weir adds, replaces and removes its own', async () => {
  await using bench = await programBench();
  const both = await foreigners(bench, 2);
  const [one, two] = both as [(typeof both)[0], (typeof both)[0]];
  const document = (name: string, object: object, order: unknown) =>
    programDocument(bench.ns.name, name, { object, attach: [{ ...onV0, order }] });
  const versions = [bench.object(counterObject()), bench.object(counterObject('int other;'))] as const;
  const sets = [
    [document('a', versions[0], 'first')],
    [document('a', versions[0], 'first'), document('z', versions[0], 'last')],
    [document('a', versions[1], 'first'), document('z', versions[1], 'last')],
    [document('z', versions[1], 'first')],
    [],
  ];
  for (const documents of sets) {
    expect((await bench.apply(...documents)).error).toBeUndefined();
    const before = [one.seen(), two.seen()];
    bench.ping(3);
    expect(one.seen() - (before[0] as bigint)).toBeGreaterThanOrEqual(3n);
    expect(two.seen() - (before[1] as bigint)).toBe(one.seen() - (before[0] as bigint));
    const links = await onTcx(bench);
    expect(links.filter((link) => link === one.link || link === two.link)).toEqual([one.link, two.link]);
    expect(links.length).toBe(2 + documents.length);
  }
  one[Symbol.dispose]();
  two[Symbol.dispose]();
});

test('an order that others disturb is seen, and restored', async () => {
  await using bench = await programBench();
  const document = programDocument(bench.ns.name, 'a', {
    object: bench.object(counterObject()),
    attach: [{ ...onV0, order: 'last' }],
  });
  await bench.apply(document);
  const [later] = await foreigners(bench, 1);
  const plan = await bench.plan(document);
  expect(plan.actions.map(({ op, replaces, before }) => [op, replaces, before?.['order']])).toEqual([
    ['remove', 'order', '(disturbed)'],
    ['create', 'order', undefined],
  ]);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  expect((await onTcx(bench))[0]).toBe(later?.link);
  later?.[Symbol.dispose]();
});

test('what is gone from the kernel is put back, once', async () => {
  await using bench = await programBench();
  const document = programDocument(bench.ns.name, 'guard', {
    object: bench.object(counterObject()),
    attach: [onV0],
  });
  await bench.apply(document);
  const pins = `${bench.pinDir}/programs/guard`;
  rmSync(`${pins}/links/tcx-ingress%40v0`);
  expect((await bench.plan(document)).actions.map(({ op, class: name }) => [op, name])).toEqual([
    ['create', 'attachment'],
  ]);
  await bench.apply(document);
  rmSync(`${pins}/programs/either`);
  const damaged = await bench.plan(document);
  expect(damaged.actions.map(({ op, before }) => [op, before?.['digest']])).toEqual([
    ['change', '(damaged)'],
  ]);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  rmSync(pins, { recursive: true });
  expect(await onTcx(bench)).toHaveLength(0);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  expect(await onTcx(bench)).toHaveLength(1);
  expect((await bench.plan(document)).actions).toEqual([]);
});

test('after a start of the machine the program is loaded from the store', async () => {
  await using bench = await programBench();
  const object = bench.object(counterObject());
  const document = programDocument(bench.ns.name, 'guard', { object, attach: [onV0] });
  await bench.apply(document);
  rmSync(object.path);
  rmSync(`${bench.pinDir}/programs`, { recursive: true });
  await bench.restart('boot 2');
  await recover(bench.test.engine);
  expect(bench.test.engine.status().problem).toBeUndefined();
  expect(await onTcx(bench)).toHaveLength(1);
});

test('devices are selected by what they are, also those that come later', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  ns.ip('link', 'add', 'br0', 'type', 'bridge');
  const document = programDocument(ns.name, 'guard', {
    drift: 'restore',
    object: bench.object(counterObject()),
    attach: [{ program: 'ingress', hook: 'tcx-ingress', select: { name: 'v*', kind: 'veth' } }],
  });
  await bench.apply(document);
  const devices = () =>
    bench.test.engine.parts.programs
      .installed()
      .flatMap(({ links }) =>
        links.filter(({ attached }) => attached).map(({ attachment }) => attachment.dev),
      )
      .sort();
  expect(devices()).toEqual(['v0']);
  const drift = new DriftWatch(bench.test.engine);
  await drift.renew();
  ns.ip('link', 'add', 'v5', 'type', 'veth', 'peer', 'name', 'w5');
  await expect.poll(devices, { timeout: 10_000 }).toEqual(['v0', 'v5']);
  ns.ip('link', 'del', 'v5');
  await expect.poll(devices, { timeout: 10_000 }).toEqual(['v0']);
  await expect.poll(() => drift.items(), { timeout: 10_000 }).toEqual([]);
  drift.close();
});

test('maps: filled, kept, filled anew and made anew', async () => {
  await using bench = await programBench();
  const objects = [bench.object(counterObject()), bench.object(counterObject('int other;'))] as const;
  const seen = (slot: number, value: string) => ({ key: `0${slot}000000`, value: `${value}00000000000000` });
  const document = (object: object, settings: object) =>
    programDocument(bench.ns.name, 'guard', { object, attach: [onV0], maps: { seen: settings } });
  await bench.apply(document(objects[0], { entries: [seen(2, '07'), seen(3, '0F')] }));
  expect([2, 3].map((slot) => bench.count('guard', 'seen', slot))).toEqual([7, 15]);
  const changed = document(objects[1], { entries: [seen(3, '10')] });
  expect((await bench.apply(changed)).error).toBeUndefined();
  expect(bench.count('guard', 'seen', 3)).toBe(16);
  bench.ping(2);
  const before = bench.count('guard', 'seen', 0);
  expect(before).toBeGreaterThan(0);
  await bench.apply(document(objects[0], { keep: false }));
  expect(bench.count('guard', 'seen', 0)).toBeLessThan(before);
  await bench.apply(document(objects[0], { max_entries: 8 }));
  expect((await bench.plan(document(objects[0], { max_entries: 8 }))).actions).toEqual([]);
});

const CGROUPS = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';

const OTHERS = `${PRELUDE}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
static __always_inline void count(__u32 slot) {
  __u64 *value = bpf_map_lookup_elem(&seen, &slot);
  if (value) __sync_fetch_and_add(value, 1);
}
SEC("raw_tp") int dropped(void *ctx) { count(0); return 0; }
SEC("cgroup_skb/egress") int leaving(struct __sk_buff *skb) { count(1); return 1; }
`;

test('programs on tracepoints and cgroups, replaced as those of devices are', async () => {
  await using bench = await programBench();
  const cgroup = `${CGROUPS}/wC-${bench.ns.name}`;
  const objects = [bench.object(bpfObject(OTHERS)), bench.object(bpfObject(`${OTHERS}int other;`))] as const;
  const attach = (withCgroup: boolean) => [
    { program: 'dropped', hook: 'raw-tracepoint', tracepoint: 'kfree_skb' },
    ...(withCgroup ? [{ program: 'leaving', hook: 'cgroup-egress', cgroup }] : []),
  ];
  const hasCgroups = makeCgroup(cgroup);
  try {
    for (const object of objects) {
      const document = programDocument(bench.ns.name, 'probe', { object, attach: attach(hasCgroups) });
      expect((await bench.apply(document)).error).toBeUndefined();
      expect((await bench.plan(document)).actions).toEqual([]);
    }
    expect((await bench.apply()).error).toBeUndefined();
    expect(bench.test.engine.parts.programs.installed()).toEqual([]);
  } finally {
    if (hasCgroups) rmdirSync(cgroup);
  }
});

/** False where the machine has no cgroups of version 2 to write to. */
function makeCgroup(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}
