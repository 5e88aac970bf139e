// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { queryHook } from '../../src/kernel/bpf/links.ts';
import { counterObject, type ProgramBench, programBench, programDocument } from '../helpers/program-bench.ts';

const TCX_INGRESS = 46;

/** Ids of the links on tcx ingress of v0, in their order. */
async function onTcx({ ns }: ProgramBench): Promise<readonly number[]> {
  const io = await ns.io();
  const [{ ifindex }] = JSON.parse(ns.ip('-j', 'link', 'show', 'dev', 'v0')) as [{ ifindex: number }];
  return queryHook(io.fd, ifindex, TCX_INGRESS).programs.map(({ link }) => link);
}

const onV0 = { program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] };

test('a program is planned, applied, verified, kept and rolled back', async () => {
  await using bench = await programBench();
  const { ns, pinDir } = bench;
  const object = bench.object(counterObject());
  const document = programDocument(ns.name, 'guard', {
    object,
    attach: [onV0],
  });
  const plan = await bench.plan(document);
  expect(plan.diagnostics).toEqual([]);
  expect(plan.actions.map(({ op, id }) => `${op} ${id}`)).toEqual([
    `create netns ${ns.name} program guard`,
    `create netns ${ns.name} attachment guard tcx-ingress v0`,
  ]);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  expect((await bench.plan(document)).actions).toEqual([]);
  bench.ping(5);
  expect(bench.count('guard', 'seen', 0)).toBeGreaterThanOrEqual(5);
  expect(await bench.apply(document)).toMatchObject({ status: 'unchanged' });

  await bench.restart();
  expect((await bench.plan(document)).actions).toEqual([]);

  expect(await bench.rollback(0)).toMatchObject({ status: 'confirmed' });
  expect(readdirSync(`${pinDir}/programs`)).toEqual([]);
  expect(await onTcx(bench)).toEqual([]);
  expect(existsSync(`${bench.directory}/programs/guard.json`)).toBe(false);
});

test('another version takes the place of one that runs, with its maps, and goes back', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const [first, second] = [counterObject(), counterObject('int other;')];
  const spec = {
    object: bench.object(first),
    attach: [onV0, { ...onV0, program: 'either', hook: 'tcx-egress' }],
  };
  const document = (more: object) => programDocument(ns.name, 'guard', { ...spec, ...more });
  expect(await bench.apply(document({}))).toMatchObject({ status: 'confirmed' });
  bench.ping(5);
  const [before, links] = [bench.count('guard', 'seen', 0), await onTcx(bench)];

  const next = document({ object: bench.object(second), variables: { step: 1000 } });
  const plan = await bench.plan(next);
  expect(plan.actions.map(({ op, id, fields }) => [op, id, fields])).toEqual([
    ['change', `netns ${ns.name} program guard`, ['digest', 'variables']],
  ]);
  expect(await bench.apply(next)).toMatchObject({ status: 'confirmed' });
  expect(await onTcx(bench)).toEqual(links);
  expect(bench.count('guard', 'seen', 0)).toBe(before);
  bench.ping(5);
  expect(bench.count('guard', 'seen', 0)).toBeGreaterThanOrEqual(before + 5000);
  expect((await bench.plan(next)).actions).toEqual([]);

  expect(await bench.rollback(1)).toMatchObject({ status: 'confirmed' });
  expect(await onTcx(bench)).toEqual(links);
  const between = bench.count('guard', 'seen', 0);
  bench.ping(5);
  expect(bench.count('guard', 'seen', 0) - between).toBeLessThan(1000);
});

test('XDP runs in the driver where that can, else in the stack, and says so', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  ns.ip('link', 'add', 'd0', 'type', 'bridge');
  ns.ip('link', 'set', 'd0', 'up');
  const early = { program: 'early', hook: 'xdp', devices: ['v0', 'd0'] };
  const object = bench.object(counterObject());
  const document = programDocument(ns.name, 'early', { object, attach: [early] });
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  const same = await bench.plan(document);
  expect(same.actions).toEqual([]);
  expect(same.diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ['XDP_GENERIC', 'the driver of d0 runs no XDP: early runs in the stack (generic), later and slower'],
  ]);
  const modes = (JSON.parse(ns.ip('-j', 'link', 'show')) as { ifname: string; xdp?: { mode: number } }[]).map(
    ({ ifname, xdp }) => [ifname, xdp?.mode],
  );
  expect(modes).toContainEqual(['v0', 1]);
  expect(modes).toContainEqual(['d0', 2]);
  const generic = programDocument(ns.name, 'early', {
    object,
    attach: [{ ...early, mode: 'generic' }],
  });
  const plan = await bench.plan(generic);
  expect(plan.actions.map(({ op, key, replaces }) => [op, key, replaces])).toEqual([
    ['remove', 'early xdp v0', 'mode'],
    ['create', 'early xdp v0', 'mode'],
  ]);
  expect(await bench.apply(generic)).toMatchObject({ status: 'confirmed' });
  expect((await bench.plan(generic)).actions).toEqual([]);
  bench.ping(3);
  expect(bench.count('early', 'seen', 2)).toBeGreaterThanOrEqual(3);
});

test('XDP of somebody else is left alone and named', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const object = bench.object(counterObject());
  ns.ip('link', 'set', 'v0', 'xdpgeneric', 'obj', object.path, 'sec', 'xdp');
  const document = programDocument(ns.name, 'early', {
    object,
    attach: [{ program: 'early', hook: 'xdp', devices: ['v0'] }],
  });
  const report = await bench.apply(document);
  expect(report.status).toBe('rolled-back');
  expect(report.error).toMatch(/xdp of v0 is taken by the program early \(id \d+\)/);
  expect(readdirSync(`${bench.pinDir}/programs`)).toEqual([]);
  expect(ns.ip('link', 'show', 'v0')).toContain('xdpgeneric');
});

test('programs run in the order that their documents give', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const object = bench.object(counterObject());
  const document = (name: string, order?: unknown) =>
    programDocument(ns.name, name, { object, attach: [{ ...onV0, ...(order !== undefined && { order }) }] });
  const named = async () => {
    const programs = bench.test.engine.parts.programs.installed();
    const links = new Map(programs.flatMap(({ name, links }) => links.map(({ link }) => [link, name])));
    return (await onTcx(bench)).map((link) => links.get(link) ?? '?');
  };
  expect((await bench.apply(document('b'), document('a', { before: 'b' }))).error).toBeUndefined();
  expect(await named()).toEqual(['a', 'b']);
  const all = [
    document('a', { before: 'b' }),
    document('b'),
    document('c', 'first'),
    document('d', { after: 'a' }),
  ];
  expect((await bench.apply(...all)).error).toBeUndefined();
  expect(await named()).toEqual(['c', 'a', 'd', 'b']);
  expect((await bench.plan(...all)).actions).toEqual([]);
  const moved = [...all.slice(1), document('a', 'last')];
  const plan = await bench.plan(...moved);
  expect(plan.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const lonely = await bench.plan(document('a', { before: 'nobody' }));
  expect(lonely.diagnostics[0]?.message).toMatch(
    /needs .*attachment nobody tcx-ingress v0, which neither exists/,
  );
});

test('a program on clsact is a filter, and another version takes its place without a gap', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const objects = [bench.object(counterObject()), bench.object(counterObject('int other;'))] as const;
  const network = {
    apiVersion: 'weir.dev/v1',
    kind: 'Network',
    metadata: { name: 'hooks' },
    spec: { netns: ns.name, qdiscs: [{ dev: 'v0', kind: 'clsact' }] },
  };
  const document = (object: object) =>
    programDocument(ns.name, 'guard', {
      object,
      attach: [{ program: 'either', hook: 'clsact-ingress', devices: ['v0'] }],
    });
  const lacking = await bench.plan(document(objects[0]));
  expect(lacking.diagnostics[0]?.message).toMatch(/needs .*qdisc dev v0 parent clsact/);
  expect((await bench.apply(network, document(objects[0]))).error).toBeUndefined();
  expect((await bench.plan(network, document(objects[0]))).actions).toEqual([]);
  bench.ping(3);
  const before = bench.count('guard', 'seen', 1);
  expect(before).toBeGreaterThanOrEqual(3);
  const plan = await bench.plan(network, document(objects[1]));
  expect(plan.actions.map(({ op, class: name }) => [op, name])).toEqual([
    ['change', 'program'],
    ['change', 'filter'],
  ]);
  expect((await bench.apply(network, document(objects[1]))).error).toBeUndefined();
  expect(ns.tc('-j', 'filter', 'show', 'dev', 'v0', 'ingress').match(/"bpf_name"/g)).toHaveLength(1);
  bench.ping(3);
  expect(bench.count('guard', 'seen', 1)).toBeGreaterThanOrEqual(before + 3);
  expect((await bench.rollback(1)).error).toBeUndefined();
  expect((await bench.plan(network, document(objects[0]))).actions).toEqual([]);
  expect((await bench.rollback(0)).error).toBeUndefined();
  expect(ns.tc('qdisc', 'show', 'dev', 'v0')).not.toContain('clsact');
  expect(readdirSync(`${bench.pinDir}/programs`)).toEqual([]);
});
