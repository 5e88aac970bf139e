// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { recover } from '../../src/engine/recovery.ts';
import { counterObject, programBench, programDocument } from '../helpers/program-bench.ts';

const CHILD = fileURLToPath(new URL('../helpers/program-main.ts', import.meta.url));

test('an engine that is killed while it changes programs leaves the start or the end', async () => {
  await using bench = await programBench();
  const { ns, directory, pinDir } = bench;
  const [one, two] = [bench.object(counterObject()), bench.object(counterObject('int other;'))];
  const on = (program: string, hook: string) => ({ program, hook, devices: ['v0'] });
  const start = programDocument(ns.name, 'guard', {
    object: one,
    attach: [on('ingress', 'tcx-ingress'), on('either', 'tcx-egress')],
  });
  const end = programDocument(ns.name, 'guard', {
    object: two,
    attach: [on('either', 'tcx-ingress'), on('early', 'xdp')],
    maps: { seen: { entries: [{ key: '03000000', value: '0900000000000000' }] } },
  });
  expect((await bench.apply(start)).error).toBeUndefined();
  const file = join(directory, 'end.json');
  writeFileSync(file, JSON.stringify([end]));
  const places = () =>
    bench.test.engine.parts.programs
      .installed()
      .flatMap(({ links }) =>
        links.map(({ attachment: { program, hook }, attached }) => [program, hook, attached]),
      )
      .sort();
  const before = places();
  let points = 0;
  for (let done = false; !done; points++) {
    const child = { signal: null as string | null, stdout: '' };
    await bench.restart('boot 1', () => {
      const args = [CHILD, directory, pinDir, file, String(points)];
      const env = { ...process.env, NODE_COMPILE_CACHE: join(directory, 'cache') };
      Object.assign(child, spawnSync(process.execPath, args, { encoding: 'utf8', env }));
    });
    await recover(bench.test.engine);
    expect(bench.test.engine.status().problem, `point ${points}`).toBeUndefined();
    done = child.signal === null;
    if (done) expect(JSON.parse(child.stdout)).toMatchObject({ status: 'confirmed' });
    else {
      expect((await bench.plan(start)).actions, `point ${points}`).toEqual([]);
      expect(places(), `point ${points}`).toEqual(before);
    }
  }
  expect(points).toBeGreaterThan(8);
  expect((await bench.plan(end)).actions).toEqual([]);
  expect(places()).toEqual([
    ['early', 'xdp', true],
    ['either', 'tcx-ingress', true],
  ]);
  console.log(`killed at ${points - 1} points`);
});
