// SPDX-License-Identifier: Apache-2.0
// No input makes a decoder throw anything but DECODE, loop or read out of bounds. Inputs are real captures
// and messages
// grown from the attribute tables, both mutated. WEIR_FUZZ_SEED repeats a run, WEIR_FUZZ_COUNT sets its
// length.
import { expect, test } from 'vitest';
import { isWeirError } from '../../src/base/errors.ts';
import { wireOf } from '../../src/base/wire.ts';
import { Encoder } from '../../src/codec/encoder.ts';
import { decodeNlmsgDone, decodeNlmsgerr } from '../../src/codec/message.ts';
import { attrPathAt } from '../../src/codec/path.ts';
import type { AttrTable } from '../../src/codec/table.ts';
import { buildModels, readSources } from '../../tools/codegen/generate.ts';
import { setTable, setType } from '../../tools/codegen/names.ts';
import { FAMILIES } from '../../tools/codegen/wanted.ts';
import { captures, codecOf, toJson } from '../golden/wire/cases.ts';
import { Interpreter, Refused } from '../golden/wire/interpreter.ts';
import { debianFile } from '../helpers/debian.ts';
import { grow, mutate, Random } from './codec-inputs.ts';

const SEED = Number(process.env['WEIR_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const COUNT = Number(process.env['WEIR_FUZZ_COUNT'] ?? 1_000_000);
/** Every how many inputs the interpreter is asked as well; it is a hundred times slower. */
const ORACLE_EVERY = 20;
/** Every how many inputs what was decoded is encoded and decoded once more. */
const ROUND_TRIP_EVERY = 20;

type Decode = (w: ReturnType<typeof wireOf>, start: number, end: number) => unknown;

interface Target {
  readonly name: string;
  readonly table: AttrTable;
  readonly decode: Decode;
  readonly encode: (out: Encoder, value: unknown) => void;
  readonly oracle: (bytes: Uint8Array) => unknown;
  readonly seeds: Uint8Array[];
}

/** Every attribute set of every family, with the captured messages of those that have some. */
async function targets(): Promise<Target[]> {
  const models = buildModels(readSources(debianFile('linux-doc-6.12', '')));
  const list: Target[] = [];
  for (const family of FAMILIES) {
    const module = (await import(`../../src/codec/generated/${family}.ts`)) as Record<string, unknown>;
    const model = models.find((candidate) => candidate.name === family)!;
    const oracle = new Interpreter(model);
    for (const { name } of model.sets)
      list.push({
        name: `${family} ${name}`,
        table: module[setTable(name)] as AttrTable,
        decode: module[`decode${setType(name)}`] as Decode,
        encode: module[`encode${setType(name)}`] as Target['encode'],
        oracle: (bytes) => oracle.attrs(name, bytes),
        seeds: [],
      });
  }
  for (const { kind, wire, messages } of captures()) {
    const codec = await codecOf(kind);
    const target = list.find((candidate) => candidate.name === `${codec.family} ${codec.set}`)!;
    const header = (codec.headerSize + 3) & ~3;
    if (!kind.endsWith(':error'))
      for (const { start, end } of messages) target.seeds.push(wire.bytes.slice(start + header, end));
  }
  return list;
}

const all = await targets();

test(`survives ${COUNT} mutated messages, seed ${SEED}`, { timeout: 600_000 }, () => {
  const random = new Random(SEED);
  const captured = all.filter((target) => target.seeds.length > 0);
  const out = new Encoder(1 << 16);
  const again = new Encoder(1 << 16);
  let refused = 0;
  let asked = 0;
  for (let i = 0; i < COUNT; i++) {
    const target = i % 2 === 0 ? random.of(captured) : random.of(all);
    const bytes = mutate(random, i % 2 === 0 ? random.of(target.seeds) : grow(random, target.table, out));
    const outcome = run(target, bytes);
    if (outcome === undefined) refused++;
    if (i % ROUND_TRIP_EVERY === 1 && outcome !== undefined) {
      again.reset();
      target.encode(again, outcome.value);
      expect(settled(run(target, again.payload())?.value), target.name).toEqual(settled(outcome.value));
    }
    if (i % ORACLE_EVERY === 0 && bytes.length < 1500) {
      asked++;
      expect(outcome === undefined ? undefined : toJson(outcome.value), target.name).toEqual(
        ask(target, bytes),
      );
    }
  }
  console.log(
    `codec fuzz: ${COUNT} messages, ${all.length} attribute sets, ${refused} refused, ${asked} compared`,
  );
  expect(refused).toBeGreaterThan(COUNT / 100);
  expect(refused).toBeLessThan(COUNT);
});

/** Without what encoding settles anew: the length of a record, and lists of nothing. */
function settled(value: unknown): unknown {
  const text = JSON.stringify(toJson(value), (key, item: unknown) =>
    key === 'rtnhLen' || (Array.isArray(item) && item.length === 0) ? undefined : item,
  );
  return text === undefined ? undefined : JSON.parse(text);
}

/**
 * The decoded value, or undefined when it was refused as it should be. Anything else thrown fails the test.
 */
function run({ name, table, decode }: Target, bytes: Uint8Array): { readonly value: unknown } | undefined {
  // The view ends where the message ends, so that a read beyond it throws a RangeError.
  const wire = wireOf(bytes);
  try {
    return { value: decode(wire, 0, bytes.length) };
  } catch (error) {
    if (!isWeirError(error, 'DECODE'))
      throw new Error(`${name}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    const { path, offset } = error.details;
    if (
      typeof path !== 'string' ||
      path === '' ||
      typeof offset !== 'number' ||
      offset < 0 ||
      offset > bytes.length
    )
      throw new Error(`${name}: an error without a place: ${error.message}`);
    attrPathAt(table, wire, 0, bytes.length, offset);
    return undefined;
  }
}

function ask(target: Target, bytes: Uint8Array): unknown {
  try {
    return toJson(target.oracle(bytes));
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

test('errors and dump ends survive anything', () => {
  const random = new Random(SEED + 1);
  for (let i = 0; i < 50_000; i++) {
    const bytes = random.bytes(random.below(120));
    decodeNlmsgerr(wireOf(bytes), 0, bytes.length, random.below(0x1000));
    decodeNlmsgDone(wireOf(bytes), 0, bytes.length, random.below(0x1000));
  }
});
