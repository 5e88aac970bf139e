// SPDX-License-Identifier: Apache-2.0
import type { JournalStore } from './store.ts';

/** Number of the journal's layout, kept in SQLite's `user_version`. */
export const LAYOUT = 2;

/** Revisions whose contents are kept; of older ones nothing is. */
export const KEPT_REVISIONS = 100;

/** Of documents by revision: `place` is their order, `until` the revision that has it no more. */
const MEMBER = `
CREATE TABLE member (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER
) STRICT;
CREATE INDEX member_open ON member (name) WHERE until IS NULL;
CREATE INDEX member_closed ON member (until) WHERE until IS NOT NULL;
CREATE INDEX member_hash ON member (hash);
`;

/**
 * Tables of the journal. `owned` is a log: what a confirmed revision changed of the owned objects, in parts; reading all
 * parts in order gives what is owned now. `open` has one row while a change is neither confirmed nor undone.
 */
const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE revision (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL,
  time INTEGER NOT NULL,
  who TEXT NOT NULL,
  reason TEXT,
  counts TEXT NOT NULL,
  plan TEXT NOT NULL,
  restores INTEGER,
  error TEXT,
  confirmed_by TEXT
) STRICT;
CREATE TABLE document (hash TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE owned (
  part INTEGER PRIMARY KEY AUTOINCREMENT,
  revision INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE open (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  revision INTEGER NOT NULL,
  phase TEXT NOT NULL,
  boot TEXT NOT NULL,
  deadline INTEGER
) STRICT;
CREATE TABLE image (part INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
${MEMBER}`;

/** Make the tables of a new journal, or bring those of an older Weir up to date. @returns the layout that is no known one. */
export function layOut(store: JournalStore): number | undefined {
  const found = Number(store.all('PRAGMA user_version')[0]?.['user_version']);
  if (found === LAYOUT) store.all('SELECT count(*) FROM revision');
  else if (found === 0) store.transaction(() => store.exec(`${TABLES} PRAGMA user_version = ${LAYOUT};`));
  else if (found === 1) store.transaction(() => fromLayout1(store));
  else return found;
  return undefined;
}

/** Layout 1 had the list of its documents in each revision. */
function fromLayout1(store: JournalStore): void {
  store.exec(MEMBER);
  let before = new Map<string, string>();
  for (const row of store.all('SELECT revision, documents FROM revision ORDER BY revision')) {
    const revision = row['revision'] as number;
    const documents = new Map(JSON.parse(row['documents'] as string) as [string, string][]);
    for (const [name, hash] of before)
      if (documents.get(name) !== hash)
        store.run('UPDATE member SET until = ? WHERE name = ? AND until IS NULL', revision, name);
    for (const [name, hash] of documents)
      if (before.get(name) !== hash)
        store.run('INSERT INTO member (name, hash, since) VALUES (?, ?, ?)', name, hash, revision);
    before = documents;
  }
  store.exec(`ALTER TABLE revision DROP COLUMN documents; PRAGMA user_version = ${LAYOUT};`);
}
