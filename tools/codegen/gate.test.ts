// SPDX-License-Identifier: Apache-2.0
// The gate and the check of committed files must fail on a planted difference.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { debianFile } from '../../test/helpers/debian.ts';
import { buildModels, generate, readSources, type Sources, staleFiles } from './generate.ts';
import type { Spec } from './spec.ts';

const docs = debianFile('linux-doc-6.12', '');
const sources = readSources(docs);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

function planted(family: string, change: (spec: Spec) => Partial<Spec>): Sources {
  const specs = new Map(sources.specs);
  const spec = specs.get(family) as Spec;
  specs.set(family, { ...spec, ...change(spec) });
  return { ...sources, specs };
}

test('passes on the specs as they are, and the committed files are what it generates', () => {
  expect(staleFiles(root, generate(docs))).toEqual([]);
});

test('generates the same bytes twice', () => {
  expect([...generate(docs)]).toEqual([...generate(docs)]);
});

test('names a struct whose layout differs without an explanation', () => {
  const without = planted('tc', (spec) => {
    const { 'tc-ratespec': _, ...rest } = spec['struct-differences'];
    return { 'struct-differences': rest };
  });
  expect(() => buildModels(without)).toThrow(
    /tc-ratespec: members in the spec at 0 1 2 3 4 8, in the headers at 0 1 2 4/,
  );
});

test('names a struct whose member has another width', () => {
  const changed = planted('rt-addr', (spec) => ({
    definitions: spec.definitions.map((def) =>
      def.name === 'ifaddrmsg'
        ? { ...def, members: def.members!.map((m, i) => (i === 0 ? { ...m, type: 'u16' } : m)) }
        : def,
    ),
  }));
  expect(() => buildModels(changed)).toThrow(
    /rt-addr: struct ifaddrmsg: 12 bytes in the spec, 8 in the headers/,
  );
});

test('names an attribute with another number', () => {
  const changed = planted('rt-route', (spec) => ({
    'attribute-sets': spec['attribute-sets'].map((set) =>
      set.name === 'route-attrs'
        ? { ...set, attributes: set.attributes.filter(({ name }) => name !== 'rta-src') }
        : set,
    ),
  }));
  expect(() => buildModels(changed)).toThrow(/RTA_IIF is 2 in the spec, 3 in the headers/);
});

test('names an attribute that the headers do not know', () => {
  const changed = planted('rt-rule', () => ({ 'absent-constants': {} }));
  expect(() => buildModels(changed)).toThrow(/rt-rule: FRA_DSCP \(25\) is not in the headers/);
});

test('names an explanation that explains nothing', () => {
  const changed = planted('rt-addr', () => ({
    'struct-differences': { ifaddrmsg: { use: 'headers', because: 'planted' } },
  }));
  expect(() => buildModels(changed)).toThrow(
    /ifaddrmsg: the overlay explains a difference that is not there/,
  );
});

test('names a set that nests itself', () => {
  const changed = planted('tc', (spec) => ({
    'attribute-sets': spec['attribute-sets'].map((set) =>
      set.name !== 'tc-ets-attrs'
        ? set
        : {
            ...set,
            attributes: set.attributes.map((a) =>
              a.name === 'quanta' ? { ...a, 'nested-attributes': set.name } : a,
            ),
          },
    ),
  }));
  expect(() => buildModels(changed)).toThrow(/tc: tc-ets-attrs nests itself/);
});

test('finds a generated file that somebody edited, and one that is missing', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-gate-'));
  try {
    mkdirSync(join(dir, 'a'));
    writeFileSync(join(dir, 'a/same.ts'), 'same');
    writeFileSync(join(dir, 'a/edited.ts'), 'edited');
    const files = new Map(
      Object.entries({ 'a/same.ts': 'same', 'a/edited.ts': 'generated', 'a/missing.ts': '' }),
    );
    expect(staleFiles(dir, files)).toEqual(['a/edited.ts', 'a/missing.ts']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
