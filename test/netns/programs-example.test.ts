// SPDX-License-Identifier: Apache-2.0
// The example of docs/programs.md does what it says.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { bpfObject } from '../helpers/bpf-object.ts';
import { programBench } from '../helpers/program-bench.ts';

const FOLDER = fileURLToPath(new URL('../../examples/programs', import.meta.url));

test('the block list drops what comes from listed addresses, and counts it', async () => {
  await using bench = await programBench();
  const { ns } = bench;
  const object = bench.object(bpfObject(readFileSync(`${FOLDER}/blocklist.bpf.c`, 'utf8')));
  const document = parse(readFileSync(`${FOLDER}/blocklist.yaml`, 'utf8'));
  const [attach] = document.spec.attach;
  const spec = { ...document.spec, netns: ns.name, object, attach: [{ ...attach, select: { name: 'v*' } }] };
  expect((await bench.apply({ ...document, spec })).error).toBeUndefined();
  bench.ping(2);
  const entries = [{ key: 'c0000202', value: '0000000000000000' }];
  const listed = { ...spec, maps: { blocked: { ...spec.maps.blocked, entries } } };
  expect((await bench.apply({ ...document, spec: listed })).error).toBeUndefined();
  expect(() => bench.ping(2)).toThrow();
  const map = `${bench.pinDir}/programs/blocklist/maps/blocked`;
  expect(bench.bpftool('map', 'dump', 'pinned', map)).toHaveLength(1);
  expect((await bench.apply()).error).toBeUndefined();
  bench.ping(2);
});
