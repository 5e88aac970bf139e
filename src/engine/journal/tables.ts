// SPDX-License-Identifier: Apache-2.0

/** Number of the journal's layout, kept in SQLite's `user_version`. */
export const LAYOUT = 1;

/** Revisions whose contents are kept; of older ones nothing is. */
export const KEPT_REVISIONS = 100;

/**
 * Tables of the journal. `owned` is a log: what a confirmed revision changed of the owned objects, in parts; reading all
 * parts in order gives what is owned now. `open` has one row while a change is neither confirmed nor undone.
 */
export const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE revision (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL,
  time INTEGER NOT NULL,
  who TEXT NOT NULL,
  reason TEXT,
  counts TEXT NOT NULL,
  documents TEXT NOT NULL,
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
PRAGMA user_version = ${LAYOUT};
`;
