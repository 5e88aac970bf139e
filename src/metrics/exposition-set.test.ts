// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExposition } from '../../test/helpers/exposition-text.ts';
import { textOf } from '../base/bytes.ts';
import type { Family } from './exposition.ts';
import { ExpositionSet } from './exposition-set.ts';
import { labelBytes } from './labels.ts';

const breathe = async () => {};
const family = (name: string, more: Partial<Family> = {}): Family => ({
  name,
  help: 'help',
  type: 'counter',
  labels: ['device'],
  ...more,
});
const textFrom = async (set: ExpositionSet) => textOf(await set.render(breathe));

test('lines of a family stand together, under its HELP and TYPE', async () => {
  const set = new ExpositionSet();
  const out = set.bind('', breathe);
  out.family(family('a_total')).add(['x'], 1);
  out.family(family('b', { type: 'gauge', labels: [] })).add([], 2.5);
  out.family(family('a_total')).sampleU64(labelBytes('', ['device'], ['y']), 1, 1);
  expect(await textFrom(set)).toBe(
    '# HELP a_total help\n# TYPE a_total counter\na_total{device="x"} 1\na_total{device="y"} 4294967297\n' +
      '# HELP b help\n# TYPE b gauge\nb 2.5\n',
  );
});

test('a second scrape starts empty and families without samples are left out', async () => {
  const set = new ExpositionSet();
  for (let i = 0; i < 2_000; i++)
    set
      .bind('', breathe)
      .family(family('a_total'))
      .add([`d${i}`], i);
  expect(set.series).toBe(2_000);
  set.reset();
  set.bind('', breathe).family(family('b_total')).add(['x'], 1);
  expect([...parseExposition(await textFrom(set)).keys()]).toEqual(['b_total']);
  set.reset();
  set.bind('', breathe).family(family('a_total')).add(['x'], 7);
  expect(await textFrom(set)).toContain('a_total{device="x"} 7\n');
});

test('what a late collector writes while the scrape is put together is not in it', async () => {
  const set = new ExpositionSet();
  const out = set.bind('', breathe);
  for (const name of ['a_total', 'b_total']) out.family(family(name)).add(['x'], 1);
  const expected = await textFrom(set);
  let late = 0;
  const text = await set.render(async () => {
    for (const name of ['a_total', 'b_total', 'c_total']) out.family(family(name)).add([`y${late++}`], 1);
  });
  expect(textOf(text)).toBe(expected);
  expect(late).toBeGreaterThan(0);
});

test('another namespace has weir_ names and a netns label in front, in the same family', async () => {
  const set = new ExpositionSet();
  set.bind('', breathe).family(family('node_network_up')).add(['eth0'], 1);
  for (const netns of ['red', 'bl"ue']) {
    const out = set.bind(netns, breathe);
    out.family(family('node_network_up')).add(['eth0'], 0);
    out.family(family('node_network_up')).sample(labelBytes(netns, ['device'], ['eth1']), 1);
    out.family(family('weir_plain', { labels: [] })).add([], 3);
  }
  const text = await textFrom(set);
  expect(text).toContain('node_network_up{device="eth0"} 1\n');
  expect(text).toContain(
    'weir_network_up{netns="red",device="eth0"} 0\nweir_network_up{netns="red",device="eth1"} 1\n',
  );
  expect(text).toContain('weir_plain{netns="bl\\"ue"} 3\n');
  expect(parseExposition(text).get('weir_network_up')?.samples.size).toBe(4);
});

test('a budget folds away what is above it and counts it', async () => {
  const set = new ExpositionSet(new Map([['b_total', 1]]));
  for (let scrape = 1; scrape <= 2; scrape++) {
    set.reset();
    const out = set.bind('', breathe);
    for (let i = 0; i < 5; i++) {
      out.family(family('a_total', { budget: 3 })).add([`d${i}`], i);
      out.family(family('b_total')).add([`d${i}`], i);
    }
    const parsed = parseExposition(await textFrom(set));
    expect(parsed.get('a_total')?.samples.size).toBe(3);
    expect(parsed.get('b_total')?.samples.size).toBe(1);
    expect(set.dropped()).toEqual([
      ['a_total', 2 * scrape],
      ['b_total', 4 * scrape],
    ]);
  }
});

test('any label value survives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (value) => {
      const set = new ExpositionSet();
      set.bind('', breathe).family(family('a_total')).add([value], 1);
      const [sample] =
        parseExposition(await textFrom(set))
          .get('a_total')
          ?.samples.values() ?? [];
      expect(sample?.labels['device']).toBe(value);
    }),
  );
});

test('HELP text is escaped', async () => {
  const set = new ExpositionSet();
  set
    .bind('', breathe)
    .family(family('a_total', { help: 'a\\b\nc' }))
    .add(['x'], 1);
  expect(await textFrom(set)).toContain('# HELP a_total a\\\\b\\nc\n');
});

test('a histogram is written whole or not at all', async () => {
  const set = new ExpositionSet(new Map([['h', 12]]));
  const h = family('h', { type: 'histogram' });
  const bounds = [0.001, 0.002];
  for (const netns of ['', 'red', 'blue'])
    set
      .bind(netns, breathe)
      .family(h)
      .histogram(labelBytes(netns, ['device'], ['x']), { bounds, counts: [3, 0, 1], sum: 0.5 });
  expect(await textFrom(set)).toBe(
    '# HELP h help\n# TYPE h histogram\n' +
      'h_bucket{device="x",le="0.001"} 3\nh_bucket{device="x",le="0.002"} 3\n' +
      'h_bucket{device="x",le="+Inf"} 4\nh_sum{device="x"} 0.5\nh_count{device="x"} 4\n' +
      'h_bucket{netns="red",device="x",le="0.001"} 3\nh_bucket{netns="red",device="x",le="0.002"} 3\n' +
      'h_bucket{netns="red",device="x",le="+Inf"} 4\nh_sum{netns="red",device="x"} 0.5\n' +
      'h_count{netns="red",device="x"} 4\n',
  );
  expect(set.dropped()).toEqual([['h', 5]]);
});
