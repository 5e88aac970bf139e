// SPDX-License-Identifier: Apache-2.0
import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { messageOf, WeirError } from '../../base/errors.ts';
import type { OwnedObject } from '../../model/object.ts';
import type { Image } from '../../plan/plan.ts';
import { type Body, packed, unpacked } from './pack.ts';
import type {
  KeptDocument,
  NewChange,
  OpenChange,
  OwnedDelta,
  RevisionRecord,
  RevisionState,
} from './records.ts';
import { KEPT_REVISIONS, LAYOUT, TABLES } from './tables.ts';

/** Entries of one part of an image or of what is owned: parts of about 100 kB. */
const PART = 500;

type Row = Readonly<Record<string, unknown>>;
/** A document of a revision: its name and the hash under which its text is kept. */
type DocumentRef = readonly [name: string, hash: string];

/**
 * The durable memory of changes: one SQLite file. Every method is one transaction that waits for the disk, so what a
 * method has recorded survives a power cut. At most one change is open at a time.
 *
 * All throw {WeirError} `JOURNAL`.
 */
export class Journal {
  readonly #file: string;
  readonly #db: DatabaseSync;

  private constructor(file: string, db: DatabaseSync) {
    this.#file = file;
    this.#db = db;
  }

  /** Open or create the journal; only its owner may read it. */
  static open(file: string): Journal {
    try {
      const db = new DatabaseSync(file);
      chmodSync(file, 0o600);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
      const journal = new Journal(file, db);
      journal.#layOut();
      return journal;
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      throw new WeirError('JOURNAL', { file, problem: messageOf(cause) }, { cause });
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Number of the last confirmed revision; 0 is the untouched node. */
  get current(): number {
    return Number(this.#meta('current') ?? 0);
  }

  /** Boot of the machine in which the current revision was confirmed or applied last. */
  get boot(): string | undefined {
    return this.#meta('boot');
  }

  /** The current revision holds in this boot of the machine. */
  holdsIn(boot: string): void {
    this.#transaction(() => this.#setMeta('boot', boot));
  }

  /** The change that is neither confirmed nor undone. */
  get openChange(): OpenChange | undefined {
    const [row] = this.#all('SELECT * FROM open');
    if (row === undefined) return undefined;
    const { revision, phase, boot, deadline } = row as unknown as OpenChange & { deadline: number | null };
    return { revision, phase, boot, ...(deadline !== null && { deadline }) };
  }

  /** Objects that the current revision owns, by id. */
  owned(): Map<string, OwnedObject> {
    const owned = new Map<string, OwnedObject>();
    const parts = 'SELECT body FROM owned WHERE revision <= ? ORDER BY part';
    for (const { body } of this.#all(parts, this.current))
      for (const [id, object] of JSON.parse(body as string) as [string, OwnedObject | null][])
        if (object === null) owned.delete(id);
        else owned.set(id, object);
    return owned;
  }

  /** Record a change before its first side effect. @returns its revision. */
  begin(change: NewChange): number {
    return this.#transaction(() => {
      this.#discardOpen();
      const documents = change.documents.map((one): DocumentRef => [one.name, this.#keep(one.value)]);
      const revision = this.#insertRevision(change, documents);
      this.#appendOwned(revision, change.owned);
      const insert = this.#db.prepare('INSERT INTO image (body) VALUES (?)');
      for (const part of parts([...change.image])) insert.run(part);
      this.#run("INSERT INTO open VALUES (1, ?, 'applying', ?, NULL)", revision, change.boot);
      return revision;
    });
  }

  /** The open change has got further. `deadline` is in milliseconds since the epoch. */
  advance(phase: OpenChange['phase'], deadline?: number): void {
    this.#transaction(() => {
      this.#run('UPDATE open SET phase = ?, deadline = ?', phase, deadline ?? null);
      const state: RevisionState = phase === 'rolling-back' ? 'applying' : phase;
      this.#run('UPDATE revision SET state = ? WHERE revision = (SELECT revision FROM open)', state);
    });
  }

  /** The open change is kept: its revision is the current one. */
  confirm(by: string, boot: string): void {
    this.#transaction(() => {
      const revision = this.#openRevision();
      this.#run("UPDATE revision SET state = 'confirmed', confirmed_by = ? WHERE revision = ?", by, revision);
      this.#setMeta('current', String(revision));
      this.#setMeta('boot', boot);
      this.#closeOpen();
      this.#forgetOld();
    });
    this.#compactOwned();
  }

  /** The open change is undone. */
  rolledBack(error: string): void {
    this.#transaction(() => {
      const revision = this.#openRevision();
      this.#run("UPDATE revision SET state = 'rolled-back', error = ? WHERE revision = ?", error, revision);
      this.#run('DELETE FROM owned WHERE revision = ?', revision);
      this.#closeOpen();
    });
  }

  /** Undoing the open change failed; its image stays for another attempt. */
  rollbackFailed(error: string): void {
    this.#transaction(() => {
      this.#run("UPDATE open SET phase = 'rollback-failed', deadline = NULL");
      const sql = "UPDATE revision SET state = 'rollback-failed', error = ? WHERE revision = ?";
      this.#run(sql, error, this.#openRevision());
    });
  }

  /** The state before the open change. */
  image(): Image {
    const image = new Map();
    for (const { body } of this.#all('SELECT body FROM image ORDER BY part'))
      for (const [id, entry] of JSON.parse(body as string) as [string, unknown][]) image.set(id, entry);
    return image as Image;
  }

  /** Revisions below `before`, newest first. */
  history(limit: number, before: number = Number.MAX_SAFE_INTEGER): readonly RevisionRecord[] {
    const sql = 'SELECT * FROM revision WHERE revision < ? ORDER BY revision DESC LIMIT ?';
    return this.#all(sql, before, limit).map(recordOf);
  }

  /** One revision with its plan as text; undefined when there is none, or it is too old. */
  revision(revision: number): (RevisionRecord & { readonly plan: string }) | undefined {
    const [row] = this.#all('SELECT * FROM revision WHERE revision = ?', revision);
    return row && { ...recordOf(row), plan: row['plan'] as string };
  }

  /** Documents of a revision; none for 0. */
  documents(revision: number): readonly KeptDocument[] {
    const [row] = this.#all('SELECT documents FROM revision WHERE revision = ?', revision);
    return refsOf(row).map(([name, hash]) => {
      const [kept] = this.#all('SELECT body FROM document WHERE hash = ?', hash);
      return { name, value: JSON.parse(unpacked(kept?.['body'] as Uint8Array)) as KeptDocument['value'] };
    });
  }

  /** Newest revisions that were confirmed once, below `before`: the next ones to fall back to. */
  confirmedBefore(before: number): readonly number[] {
    const sql =
      "SELECT revision FROM revision WHERE state = 'confirmed' AND revision < ? ORDER BY revision DESC";
    return this.#all(sql, before).map(({ revision }) => revision as number);
  }

  #layOut(): void {
    const [version] = this.#all('PRAGMA user_version');
    const found = version?.['user_version'];
    if (found === 0) this.#transaction(() => this.#db.exec(TABLES));
    else if (found !== LAYOUT)
      throw new WeirError('JOURNAL', { file: this.#file, problem: `is of a newer Weir (layout ${found})` });
    else this.#db.prepare('SELECT count(*) FROM revision').get();
  }

  #insertRevision(change: NewChange, documents: readonly DocumentRef[]): number {
    const sql = `INSERT INTO revision (state, time, who, reason, counts, documents, plan, restores)
      VALUES ('applying', ?, ?, ?, ?, ?, ?, ?)`;
    const { time, who, reason, counts, plan, restores } = change;
    const texts = [JSON.stringify(counts), JSON.stringify(documents), plan];
    return Number(this.#run(sql, time, who, reason ?? null, ...texts, restores ?? null).lastInsertRowid);
  }

  /** Keep the text of a document once, however many revisions have it. */
  #keep(value: unknown): string {
    const { hash, body }: Body = packed(JSON.stringify(value));
    this.#run('INSERT OR IGNORE INTO document VALUES (?, ?)', hash, body());
    return hash;
  }

  #appendOwned(revision: number, delta: OwnedDelta): void {
    const insert = this.#db.prepare('INSERT INTO owned (revision, entries, body) VALUES (?, ?, ?)');
    const entries = [...delta];
    for (let from = 0; from < entries.length; from += PART) {
      const part = entries.slice(from, from + PART);
      insert.run(revision, part.length, JSON.stringify(part));
    }
  }

  /** When most of the log is about what is no longer true, write what is. */
  #compactOwned(): void {
    const [sum] = this.#all('SELECT coalesce(sum(entries), 0) AS entries, count(*) AS parts FROM owned');
    const { entries, parts: count } = sum as { entries: number; parts: number };
    if (count < 64 && entries < 64 * PART) return;
    const owned = this.owned();
    if (entries < 2 * owned.size && count < 64 + (2 * owned.size) / PART) return;
    this.#transaction(() => {
      this.#run('DELETE FROM owned');
      this.#appendOwned(this.current, owned);
    });
  }

  #forgetOld(): void {
    const oldest = 'SELECT min(revision) FROM (SELECT revision FROM revision ORDER BY revision DESC LIMIT ?)';
    this.#run(
      `DELETE FROM revision WHERE revision < (${oldest}) AND revision <> ?`,
      KEPT_REVISIONS,
      this.current,
    );
    const used = new Set(
      this.#all('SELECT documents FROM revision').flatMap((row) => refsOf(row).map(([, h]) => h)),
    );
    for (const { hash } of this.#all('SELECT hash FROM document'))
      if (!used.has(hash as string)) this.#run('DELETE FROM document WHERE hash = ?', hash as string);
  }

  /** An earlier change whose rollback failed gives way to a new one; what it owned does not count. */
  #discardOpen(): void {
    this.#run('DELETE FROM owned WHERE revision IN (SELECT revision FROM open)');
    this.#closeOpen();
  }

  #closeOpen(): void {
    this.#run('DELETE FROM open');
    this.#run('DELETE FROM image');
  }

  #openRevision(): number {
    const revision = this.openChange?.revision;
    if (revision === undefined)
      throw new WeirError('JOURNAL', { file: this.#file, problem: 'there is no open change' });
    return revision;
  }

  #meta(name: string): string | undefined {
    const [row] = this.#all('SELECT value FROM meta WHERE name = ?', name);
    return row?.['value'] as string | undefined;
  }

  #setMeta(name: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
  }

  #all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guarded(() => this.#db.prepare(sql).all(...values) as Row[]);
  }

  #run(sql: string, ...values: readonly SQLInputValue[]) {
    return this.#guarded(() => this.#db.prepare(sql).run(...values));
  }

  #transaction<T>(work: () => T): T {
    return this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      throw new WeirError('JOURNAL', { file: this.#file, problem: messageOf(cause) }, { cause });
    }
  }
}

function* parts(entries: readonly unknown[]): Generator<string> {
  for (let from = 0; from < entries.length; from += PART)
    yield JSON.stringify(entries.slice(from, from + PART));
}

function refsOf(row: Row | undefined): readonly DocumentRef[] {
  return JSON.parse((row?.['documents'] as string | undefined) ?? '[]') as DocumentRef[];
}

function recordOf(row: Row): RevisionRecord {
  const text = (name: string) => (row[name] ?? undefined) as string | undefined;
  const [reason, error, confirmedBy] = [text('reason'), text('error'), text('confirmed_by')];
  return {
    revision: row['revision'] as number,
    state: row['state'] as RevisionState,
    time: row['time'] as number,
    who: row['who'] as string,
    counts: JSON.parse(row['counts'] as string) as RevisionRecord['counts'],
    documents: refsOf(row).map(([name]) => name),
    ...(row['restores'] !== null && { restores: row['restores'] as number }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
    ...(confirmedBy !== undefined && { confirmedBy }),
  };
}
