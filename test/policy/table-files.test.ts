// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Judge, Judgement } from './judge.ts';
import { runTable } from './run-table.ts';
import type { TableCheck, TruthTable } from './table.ts';
import { tablesUnder } from './table-files.ts';

const listens = { ports: [{ protocol: 'TCP' as const, port: 80 }] };
const CHECK: TableCheck = { protocol: 'TCP', port: 80, default: 'allow' };
const TABLE: TruthTable = {
  name: 'two',
  endpoints: [
    { name: 'x/a', addresses: ['10.0.0.1'], ...listens },
    { name: 'x/b', addresses: ['10.0.0.2'], ...listens },
    { name: 'x/c', addresses: ['10.0.0.3', 'fd00::3'] },
  ],
  steps: [{ documents: [], checks: [CHECK] }],
};

/** The table with one check. */
const checking = (check: object) => ({
  ...TABLE,
  steps: [{ checks: [{ ...CHECK, ...check }] }],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-tables-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function found(value: unknown) {
  writeFileSync(join(folder, 'one.json'), typeof value === 'string' ? value : JSON.stringify(value));
  return tablesUnder(folder);
}

describe('files of truth tables', () => {
  it('hold a table or a list of them, of one name, too', () => {
    expect(found(TABLE)).toMatchObject([{ name: 'two', table: TABLE, errors: [], notes: [] }]);
    expect(found([TABLE, TABLE]).map(({ name, table }) => [name, table?.steps.length])).toEqual([
      ['two', 1],
      ['two', 1],
    ]);
    expect(found({ ...TABLE, name: undefined })).toMatchObject([{ name: 'one', table: { name: 'one' } }]);
  });

  it('that cannot be read, and folders, are told by name, and the others are judged', () => {
    writeFileSync(join(folder, 'bad.json'), '{ "name": ');
    expect(found(TABLE)).toMatchObject([
      { file: join(folder, 'bad.json'), errors: [expect.stringContaining('JSON')] },
      { name: 'two', errors: [] },
    ]);
    expect(tablesUnder(join(folder, 'none'))).toMatchObject([
      { errors: [expect.stringContaining('ENOENT')] },
    ]);
    rmSync(join(folder, 'bad.json'));
    expect(found([])).toMatchObject([{ errors: [], notes: ['its list has no table'] }]);
    rmSync(join(folder, 'one.json'));
    expect(tablesUnder(folder)).toMatchObject([{ errors: [], notes: ['no file in it ends in .json'] }]);
  });

  it.each([
    [null, 'must be a mapping'],
    [{ ...TABLE, steps: [] }, 'steps: '],
    [{ ...TABLE, endpoints: [{ name: 'a', addresses: ['10.0.0.1'] }] }, 'endpoints.0.name: '],
    [
      { ...TABLE, endpoints: [...TABLE.endpoints, TABLE.endpoints[0]] },
      'endpoints.3.name: there is another x/a',
    ],
    [{ ...TABLE, endpoints: [{ name: 'x/a', addresses: ['10.0.0.300'] }] }, 'endpoints.0.addresses.0: '],
    [
      { ...TABLE, steps: [{ endpoints: [{ name: 'x/a', addresses: ['10.0.0.9'] }] }] },
      'steps.0.endpoints.0.addresses: must stay 10.0.0.1',
    ],
    [checking({ protocol: 'tcp' }), 'steps.0.checks.0.protocol: '],
    [checking({ port: undefined }), 'steps.0.checks.0: "port" is missing'],
    [checking({ protocol: 'ICMP' }), 'steps.0.checks.0.port: ICMP has none'],
    [checking({ except: [['x/a', 'x/d']] }), 'steps.0.checks.0.except.0.1: there is no endpoint x/d'],
    [checking({ from: ['x/d'] }), 'steps.0.checks.0.from.0: there is no endpoint x/d'],
  ])('says where it is wrong: %j', (value, problem) => {
    expect(found([TABLE, value])).toMatchObject([
      { errors: [] },
      { errors: [expect.stringContaining(`table 2: ${problem}`)] },
    ]);
    expect(found([TABLE, value])[1]?.table).toBeUndefined();
  });

  it.each([
    [{ ...TABLE, comment: 'of ours' }, 'unknown property "comment"'],
    [checking({ exept: [] }), 'steps.0.checks.0: unknown property "exept", did you mean "except"?'],
    [checking({ except: [['x/a', 'x/c']] }), 'steps.0.checks.0.except.0: x/c does not listen on TCP 80'],
    [
      checking({ except: [['x/a', 'x/a']] }),
      'steps.0.checks.0.except.0: x/a is no pair of different endpoints',
    ],
    [checking({ to: ['x/b'], except: [['x/b', 'x/a']] }), 'steps.0.checks.0.except.0: x/a is not among "to"'],
  ])('tells what nobody looks at: %j', (value, note) => {
    const [one] = found(value);
    expect(one?.notes).toEqual([expect.stringContaining(note)]);
    expect(one?.table).toBeDefined();
  });
});

describe('judging a table', () => {
  /** Allows everything, refuses documents that say so, breaks at others, and cannot judge what goes to x/b. */
  const judge: Judge = {
    name: 'model',
    lacks: () => undefined,
    open: async () => ({
      enter: async ({ documents: [first] }) => {
        if (first === 'broken') throw new Error('no room');
        return first === 'refused' ? 'not good' : undefined;
      },
      judge: async (probes) => probes.map((): Judgement => ({ verdict: 'allow' })),
      cannot: ({ to }) => (to === 'x/b' ? 'it is too far' : undefined),
      [Symbol.asyncDispose]: async () => {},
    }),
  };
  const checks = [CHECK];
  const result = async (step: object) => {
    const { counts, failures, skips } = await runTable({ ...TABLE, steps: [step] }, [judge]);
    return { ...counts.get('model'), failures: failures.length, skips };
  };

  it('counts cells by what came of them', async () => {
    const skips = ['two: model leaves cells out: it is too far'];
    expect(await result({ checks })).toEqual({ passed: 1, failed: 0, skipped: 1, failures: 0, skips });
    const denied = [{ ...CHECK, default: 'deny' }];
    expect(await result({ checks: denied })).toEqual({
      passed: 0,
      failed: 1,
      skipped: 1,
      failures: 1,
      skips,
    });
  });

  it('fails all cells of documents that are refused or cannot be put in force, and goes on', async () => {
    for (const documents of [['refused'], ['broken']])
      expect(await result({ documents, checks })).toMatchObject({ passed: 0, failed: 2, failures: 1 });
  });

  it('judges checks beside an expected refusal in the state from before', async () => {
    expect(await result({ documents: ['refused'], expectError: true })).toMatchObject({
      passed: 1,
      failed: 0,
    });
    expect(await result({ documents: ['refused'], expectError: true, checks })).toMatchObject({
      passed: 2,
      failed: 0,
      skipped: 1,
    });
    expect(await result({ documents: [], expectError: true })).toMatchObject({
      passed: 0,
      failed: 1,
      failures: 1,
    });
    expect(await result({ documents: ['broken'], expectError: true })).toMatchObject({
      passed: 0,
      failed: 1,
    });
  });
});
