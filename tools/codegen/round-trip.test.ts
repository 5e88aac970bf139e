// SPDX-License-Identifier: Apache-2.0
// decode(encode(x)) = x for every attribute set and struct of every family, x drawn from the model.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wireOf } from '../../src/base/wire.ts';
import type { Encoder } from '../../src/codec/encoder.ts';
import { payloadOf } from '../../src/codec/encoder.ts';
import { debianFile } from '../../test/helpers/debian.ts';
import { arbitraryAttrs, arbitraryStruct } from './arbitrary.ts';
import { buildModels, readSources } from './generate.ts';
import type { Family } from './model.ts';
import { pascal, setType } from './names.ts';

const models = buildModels(readSources(debianFile('linux-doc-6.12', '')));
const RUNS = 40;

type Functions = Record<string, (...args: unknown[]) => unknown>;

function roundTrip(module: Functions, name: string, value: unknown): unknown {
  const bytes = payloadOf((out: Encoder) => module[`encode${name}`]!(out, value));
  return module[`decode${name}`]!(wireOf(bytes), 0, bytes.length);
}

describe.each(models)('$name', (family: Family) => {
  test('structs', async () => {
    const module = (await import(`../../src/codec/generated/${family.name}.ts`)) as Functions;
    for (const layout of family.structs) {
      const check = (value: unknown) => {
        expect(roundTrip(module, pascal(layout.name), value)).toMatchObject(value as object);
      };
      fc.assert(fc.property(arbitraryStruct(layout), check), { numRuns: RUNS });
    }
  });

  test('attribute sets', async () => {
    const module = (await import(`../../src/codec/generated/${family.name}.ts`)) as Functions;
    for (const set of family.sets) {
      const check = (value: unknown) => {
        expect(roundTrip(module, setType(set.name), value)).toMatchObject(value as object);
      };
      fc.assert(fc.property(arbitraryAttrs(family, set.name), check), { numRuns: RUNS });
    }
  });
});
