// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OwnedObject } from '../../model/object.ts';
import { Journal } from './journal.ts';
import { packed } from './pack.ts';
import type { KeptDocument, NewChange } from './records.ts';
import { KEPT_REVISIONS } from './tables.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-journal-'));
  file = join(directory, 'journal.db');
});

afterEach(() => rmSync(directory, { recursive: true }));

const NOTHING = { create: 0, change: 0, replace: 0, remove: 0, adopt: 0 };

function document(name: string, mark: number): KeptDocument {
  const spec = { routes: [{ mark }] };
  return { name, value: { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec } };
}

function change(...documents: readonly KeptDocument[]): NewChange {
  const rest = { counts: NOTHING, plan: '', image: new Map(), owned: new Map(), boot: 'b' };
  return { time: 0, who: 'test', documents: () => documents, ...rest };
}

function marks(journal: Journal, revision: number): Record<string, unknown> {
  const entries = journal.documents(revision).map(({ name, value }) => {
    const [route] = value.spec['routes'] as { mark: number }[];
    return [name, route?.mark] as const;
  });
  return Object.fromEntries(entries);
}

describe('documents of revisions', () => {
  test('are those that it began with, also after others were undone', () => {
    const journal = Journal.open(file);
    const a = document('a', 1);
    journal.begin(change(a, document('b', 1)));
    journal.confirm('test', 'b');
    journal.begin(change(a, document('b', 2), document('c', 2)));
    journal.rolledBack('so');
    journal.begin(change(a, document('b', 1)));
    journal.confirm('test', 'b');
    journal.begin(change(document('b', 1), document('a', 4)));
    expect(marks(journal, 1)).toEqual({ a: 1, b: 1 });
    expect(marks(journal, 2)).toEqual({ a: 1, b: 2, c: 2 });
    expect(marks(journal, 3)).toEqual({ a: 1, b: 1 });
    expect(marks(journal, 4)).toEqual({ a: 4, b: 1 });
    expect(journal.documents(0)).toEqual([]);
    expect(journal.history(2).map(({ documents }) => documents)).toEqual([
      ['b', 'a'],
      ['a', 'b'],
    ]);
    journal.close();
    const again = Journal.open(file);
    again.begin(change(document('b', 5), document('a', 4)));
    expect(marks(again, 5)).toEqual({ a: 4, b: 5 });
    expect(marks(again, 4)).toEqual({ a: 4, b: 1 });
    again.close();
  });

  test('that two revisions share are one object', () => {
    const journal = Journal.open(file);
    const b = document('b', 1);
    journal.begin(change(document('a', 1), b));
    journal.confirm('test', 'b');
    journal.begin(change(document('a', 2), document('b', 1)));
    const [first, second] = [1, 2].map((revision) => journal.documents(revision));
    const valueIn = (of: typeof first) => of?.find(({ name }) => name === 'b')?.value;
    expect(valueIn(first)).toBe(valueIn(second));
    journal.close();
  });

  test('hold nothing of a change that could not be recorded', () => {
    const journal = Journal.open(file);
    journal.begin(change(document('a', 1)));
    journal.confirm('test', 'b');
    const broken = { ...change(document('a', 2)), who: undefined as unknown as string };
    expect(() => journal.begin(broken)).toThrow(/journal/);
    journal.begin(change(document('a', 2)));
    expect(marks(journal, 2)).toEqual({ a: 2 });
    journal.close();
  });

  test('are forgotten with the last revision that has them', async () => {
    const journal = Journal.open(file);
    for (let i = 0; i < KEPT_REVISIONS + 5; i++) {
      journal.begin(change(document('stays', 0), document('changes', i)));
      journal.confirm('test', 'b');
    }
    const db = new DatabaseSync(file);
    const count = () => db.prepare('SELECT count(*) AS n FROM document').get()?.['n'];
    await expect.poll(count, { timeout: 20_000 }).toBe(KEPT_REVISIONS + 1);
    expect(marks(journal, KEPT_REVISIONS + 5)).toEqual({ stays: 0, changes: KEPT_REVISIONS + 4 });
    expect(marks(journal, 6)).toEqual({ stays: 0, changes: 5 });
    expect(journal.revision(5)).toBeUndefined();
    db.close();
    journal.close();
  });
});

test('what an open change owns outlives the tidying of what others owned', async () => {
  const journal = Journal.open(file);
  const owned = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i): [string, OwnedObject] => {
      const key = `k${from + i}`;
      return [
        `route ${key}`,
        { id: `route ${key}`, netns: '', class: 'route', key, declared: {}, created: true, original: {} },
      ];
    });
  journal.begin({ ...change(), owned: new Map(owned(0, 20_000)) });
  journal.confirm('test', 'b');
  journal.begin({ ...change(), owned: new Map(owned(0, 20_000).map(([id]) => [id, null])) });
  journal.confirm('test', 'b');
  journal.begin({ ...change(), owned: new Map(owned(0, 1)) });
  await delay(600);
  journal.confirm('test', 'b');
  expect([...journal.owned().keys()]).toEqual(['route k0']);
  const db = new DatabaseSync(file);
  const count = () => db.prepare('SELECT sum(entries) AS n FROM owned').get()?.['n'];
  await expect.poll(count, { timeout: 20_000 }).toBe(1);
  expect([...journal.owned().keys()]).toEqual(['route k0']);
  db.close();
  journal.close();
});

/** Tables as the first layout had them. */
const LAYOUT_1 = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE revision (
  revision INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, time INTEGER NOT NULL, who TEXT NOT NULL,
  reason TEXT, counts TEXT NOT NULL, documents TEXT NOT NULL, plan TEXT NOT NULL, restores INTEGER, error TEXT,
  confirmed_by TEXT
) STRICT;
CREATE TABLE document (hash TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE owned (part INTEGER PRIMARY KEY AUTOINCREMENT, revision INTEGER NOT NULL, entries INTEGER NOT NULL,
  body TEXT NOT NULL) STRICT;
CREATE TABLE open (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, phase TEXT NOT NULL,
  boot TEXT NOT NULL, deadline INTEGER) STRICT;
CREATE TABLE image (part INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
`;

test('a journal of the first layout is read on', () => {
  const db = new DatabaseSync(file);
  db.exec(LAYOUT_1);
  const keep = ({ name, value }: KeptDocument) => {
    const { hash, body } = packed(JSON.stringify(value));
    db.prepare('INSERT OR IGNORE INTO document VALUES (?, ?)').run(hash, body());
    return [name, hash];
  };
  const sets = [
    [document('a', 1), document('b', 1)],
    [document('b', 1), document('a', 2)],
    [document('a', 2), document('c', 3)],
  ];
  const sql = `INSERT INTO revision (state, time, who, counts, documents, plan)
    VALUES ('confirmed', 0, 'test', ?, ?, '')`;
  for (const set of sets) db.prepare(sql).run(JSON.stringify(NOTHING), JSON.stringify(set.map(keep)));
  db.prepare("INSERT INTO meta VALUES ('current', '3')").run();
  db.close();

  const journal = Journal.open(file);
  expect(marks(journal, 1)).toEqual({ a: 1, b: 1 });
  expect(marks(journal, 2)).toEqual({ a: 2, b: 1 });
  expect(marks(journal, 3)).toEqual({ a: 2, c: 3 });
  journal.begin(change(document('a', 9)));
  expect(marks(journal, 4)).toEqual({ a: 9 });
  expect(marks(journal, 3)).toEqual({ a: 2, c: 3 });
  journal.close();
});
