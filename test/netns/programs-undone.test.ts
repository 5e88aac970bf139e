// SPDX-License-Identifier: Apache-2.0
// Changes of programs that fail or are cut off on the way.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRNO } from '../../src/base/errno.gen.ts';
import { KernelError } from '../../src/base/kernel-error.ts';
import { removeStrayPrograms } from '../../src/engine/stray-programs.ts';
import { counterObject, type ProgramBench, programBench, programDocument } from '../helpers/program-bench.ts';

const onV0 = { program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] };

function links(bench: ProgramBench) {
  return bench.test.engine.parts.programs
    .installed()
    .flatMap(({ name, links }) => links.map(({ attachment, link }) => [name, attachment.program, link]));
}

test('a later step that fails brings the version before back, in the same links', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const [one, two] = [bench.object(counterObject()), bench.object(counterObject('int other;'))];
  const program = (object: object, more: readonly object[] = []) =>
    programDocument(ns.name, 'guard', { object, attach: [onV0, ...more] });
  const network = {
    apiVersion: 'weir.dev/v1',
    kind: 'Network',
    metadata: { name: 'after' },
    // what goes goes last
    spec: { netns: ns.name, addresses: [{ dev: 'v0', address: '198.51.100.1/24' }] },
  };
  expect(await bench.apply(program(one), network)).toMatchObject({ status: 'confirmed' });
  const before = links(bench);
  bench.ping(3);
  const seen = bench.count('guard', 'seen', 0);
  const fail = () => {
    throw new KernelError('test', ERRNO.ENOMEM, 'ENOMEM');
  };
  const early = { program: 'early', hook: 'xdp', devices: ['v0'] };
  const first = bench.test.beforeStep;
  let attached = 0;
  bench.test.beforeStep = () => {
    attached = links(bench).length;
    fail();
  };
  const report = await bench.apply(program(two, [early]));
  bench.test.beforeStep = first;
  expect(report).toMatchObject({ status: 'rolled-back' });
  expect(attached).toBe(2);
  expect(links(bench)).toEqual(before);
  expect(bench.count('guard', 'seen', 0)).toBeGreaterThanOrEqual(seen);
  expect((await bench.plan(program(one), network)).actions).toEqual([]);
});

test('an installation that was cut off is seen, and finished or undone', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const document = programDocument(ns.name, 'guard', {
    object: bench.object(counterObject()),
    attach: [onV0],
  });
  await bench.apply(document);
  const file = `${bench.directory}/programs/guard.json`;
  const notes = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...notes, complete: false }));
  const plan = await bench.plan(document);
  expect(plan.actions.map(({ op, before }) => [op, before?.['digest']])).toEqual([
    ['change', '(incomplete)'],
  ]);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  expect((await bench.plan(document)).actions).toEqual([]);

  const before = links(bench);
  rmSync(file);
  expect((await bench.plan(document)).actions.map(({ op }) => op)).toEqual(['create', 'create']);
  expect(await bench.apply(document)).toMatchObject({ status: 'confirmed' });
  expect(links(bench)).toEqual(before);
  expect((await bench.plan(document)).actions).toEqual([]);
});

test('programs of a namespace that is gone leave no pins', async () => {
  await using bench = await programBench();
  const object = bench.object(counterObject());
  const gone = `${bench.ns.name}-gone`;
  bench.ns.exec('ip', 'netns', 'add', gone);
  bench.ns.exec('ip', '-n', gone, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  await bench.apply(programDocument(gone, 'guard', { object, attach: [onV0] }));
  bench.ns.exec('ip', 'netns', 'del', gone);
  await bench.restart();
  await removeStrayPrograms(bench.test.engine);
  expect(readdirSync(`${bench.pinDir}/programs`)).toEqual(['guard']);
  await bench.apply();
  await removeStrayPrograms(bench.test.engine);
  expect(readdirSync(`${bench.pinDir}/programs`)).toEqual([]);
});

test('changes of programs leave no descriptors open', async () => {
  await using bench = await programBench();
  const objects = [bench.object(counterObject()), bench.object(counterObject('int other;'))];
  const bad = programDocument(bench.ns.name, 'guard', {
    object: objects[0],
    attach: [onV0],
    limits: { memory: '1B' },
  });
  const cycle = async () => {
    for (const object of objects)
      await bench.apply(
        programDocument(bench.ns.name, 'guard', { object, attach: [{ ...onV0, order: 'first' }] }),
      );
    await expect(bench.apply(bad)).rejects.toThrow();
    await bench.apply();
    return readdirSync('/proc/self/fd').length;
  };
  await cycle();
  const before = await cycle();
  for (let i = 0; i < 3; i++) expect(await cycle()).toBeLessThanOrEqual(before);
});
