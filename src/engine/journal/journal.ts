// SPDX-License-Identifier: Apache-2.0
import type { SQLInputValue } from 'node:sqlite';
import { WeirError } from '../../base/errors.ts';
import type { OwnedObject } from '../../model/object.ts';
import type { Image } from '../../plan/plan.ts';
import { Members } from './members.ts';
import type {
  KeptDocument,
  NewChange,
  OpenChange,
  OwnedDelta,
  RevisionRecord,
  RevisionState,
} from './records.ts';
import { JournalStore, type Row } from './store.ts';
import { KEPT_REVISIONS, layOut } from './tables.ts';

/** Entries of one part of an image or of what is owned: parts of about 100 kB. */
const PART = 500;
/** Parts of the log of what is owned that are read without being many. */
const FEW_PARTS = 1_000;

/**
 * The durable memory of changes: one SQLite file. Every method is one transaction that waits for the disk, so what a
 * method has recorded survives a power cut. At most one change is open at a time.
 *
 * All throw {WeirError} `JOURNAL`.
 */
export class Journal {
  readonly #store: JournalStore;
  readonly #members: Members;
  /** As they were read last; undefined when they have to be read. */
  #current: number | undefined;
  #open: OpenChange | null | undefined;

  private constructor(store: JournalStore) {
    this.#store = store;
    this.#members = new Members(store);
  }

  /** Open or create the journal; only its owner may read it. */
  static open(file: string): Journal {
    const store = new JournalStore(file);
    try {
      const newer = layOut(store);
      if (newer === undefined) return new Journal(store);
      throw new WeirError('JOURNAL', { file, problem: `is of a newer Weir (layout ${newer})` });
    } catch (error) {
      store.close();
      throw error;
    }
  }

  close(): void {
    this.#store.close();
  }

  /** Number of the last confirmed revision; 0 is the untouched node. */
  get current(): number {
    this.#current ??= Number(this.#meta('current') ?? 0);
    return this.#current;
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
    if (this.#open === undefined) {
      const [row] = this.#all('SELECT * FROM open');
      this.#open = row === undefined ? null : openOf(row);
    }
    return this.#open ?? undefined;
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
    try {
      return this.#transaction(() => {
        this.#discardOpen();
        const revision = this.#insertRevision(change);
        this.#members.begin(revision, change.documents, change.since);
        this.#appendOwned(revision, change.owned);
        for (const part of parts([...change.image])) this.#run('INSERT INTO image (body) VALUES (?)', part);
        this.#run("INSERT INTO open VALUES (1, ?, 'applying', ?, NULL)", revision, change.boot);
        return revision;
      });
    } catch (error) {
      this.#members.forget();
      throw error;
    }
  }

  /** The open change has got further. `deadline` is in milliseconds since the epoch. */
  advance(phase: OpenChange['phase'], deadline?: number): void {
    this.#transaction(() => {
      this.#run('UPDATE open SET phase = ?, deadline = ?', phase, deadline ?? null);
      const state: RevisionState = phase === 'rolling-back' ? 'applying' : phase;
      this.#run('UPDATE revision SET state = ? WHERE revision = (SELECT revision FROM open)', state);
    });
  }

  /**
   * The open change is kept: its revision is the current one.
   * @param owns How many objects it owns; counted from the file when nobody knows.
   */
  confirm(by: string, boot: string, owns: () => number = () => this.owned().size): void {
    this.#transaction(() => {
      const revision = this.#openRevision();
      this.#run("UPDATE revision SET state = 'confirmed', confirmed_by = ? WHERE revision = ?", by, revision);
      this.#setMeta('current', String(revision));
      this.#setMeta('boot', boot);
      this.#closeOpen();
    });
    this.#store.whenIdle(() => this.#tidy(owns));
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
    return this.#all(sql, before, limit).map((row) => this.#record(row));
  }

  /** One revision with its plan as text; undefined when there is none, or it is too old. */
  revision(revision: number): (RevisionRecord & { readonly plan: string }) | undefined {
    const [row] = this.#all('SELECT * FROM revision WHERE revision = ?', revision);
    return row && { ...this.#record(row), plan: row['plan'] as string };
  }

  /** Documents of a revision; none for 0. One that two revisions share is one object. */
  documents(revision: number): readonly KeptDocument[] {
    return this.#members.of(revision);
  }

  /** Newest revisions that were confirmed once, below `before`: the next ones to fall back to. */
  confirmedBefore(before: number): readonly number[] {
    const sql =
      "SELECT revision FROM revision WHERE state = 'confirmed' AND revision < ? ORDER BY revision DESC";
    return this.#all(sql, before).map(({ revision }) => revision as number);
  }

  #insertRevision(change: NewChange): number {
    const sql = `INSERT INTO revision (state, time, who, reason, counts, plan, restores)
      VALUES ('applying', ?, ?, ?, ?, ?, ?)`;
    const { time, who, reason, counts, plan, restores } = change;
    return this.#run(sql, time, who, reason ?? null, JSON.stringify(counts), plan, restores ?? null);
  }

  #appendOwned(revision: number, delta: OwnedDelta): void {
    const sql = 'INSERT INTO owned (revision, entries, body) VALUES (?, ?, ?)';
    const entries = [...delta];
    for (let from = 0; from < entries.length; from += PART) {
      const part = entries.slice(from, from + PART);
      this.#run(sql, revision, part.length, JSON.stringify(part));
    }
  }

  /** What nobody waits for. */
  #tidy(owns: () => number): void {
    // what the open change will own is written already
    if (this.openChange !== undefined) return;
    this.#forgetOld();
    this.#compactOwned(owns);
  }

  /** When most of the log is about what is no longer true, write what is. */
  #compactOwned(owns: () => number): void {
    const [sum] = this.#all('SELECT coalesce(sum(entries), 0) AS entries, count(*) AS parts FROM owned');
    const { entries, parts: count } = sum as { entries: number; parts: number };
    if (count < FEW_PARTS && entries < 64 * PART) return;
    const size = owns();
    if (entries < 2 * size && count < FEW_PARTS + (2 * size) / PART) return;
    this.#transaction(() => {
      const owned = this.owned();
      this.#run('DELETE FROM owned');
      this.#appendOwned(this.current, owned);
    });
  }

  #forgetOld(): void {
    const sql = 'SELECT revision FROM revision ORDER BY revision DESC LIMIT 1 OFFSET ?';
    const oldest = this.#all(sql, KEPT_REVISIONS - 1)[0]?.['revision'] as number | undefined;
    if (oldest === undefined) return;
    const { current } = this;
    this.#store.transaction(() => {
      this.#run('DELETE FROM revision WHERE revision < ? AND revision <> ?', oldest, current);
      this.#members.forgetBefore(Math.min(oldest, current));
    });
  }

  /** An earlier change whose rollback failed gives way to a new one; what it owned does not count. */
  #discardOpen(): void {
    if (this.openChange === undefined) return;
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
      throw new WeirError('JOURNAL', { file: this.#store.file, problem: 'there is no open change' });
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
    return this.#store.all(sql, ...values);
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#store.run(sql, ...values);
  }

  #transaction<T>(work: () => T): T {
    try {
      return this.#store.transaction(work);
    } finally {
      this.#current = undefined;
      this.#open = undefined;
    }
  }

  #record(row: Row): RevisionRecord {
    return recordOf(row, this.#members.names(row['revision'] as number));
  }
}

function openOf(row: Row): OpenChange {
  const { revision, phase, boot, deadline } = row as unknown as OpenChange & { deadline: number | null };
  return { revision, phase, boot, ...(deadline !== null && { deadline }) };
}

function* parts(entries: readonly unknown[]): Generator<string> {
  for (let from = 0; from < entries.length; from += PART)
    yield JSON.stringify(entries.slice(from, from + PART));
}

function recordOf(row: Row, documents: readonly string[]): RevisionRecord {
  const text = (name: string) => (row[name] ?? undefined) as string | undefined;
  const [reason, error, confirmedBy] = [text('reason'), text('error'), text('confirmed_by')];
  return {
    revision: row['revision'] as number,
    state: row['state'] as RevisionState,
    time: row['time'] as number,
    who: row['who'] as string,
    counts: JSON.parse(row['counts'] as string) as RevisionRecord['counts'],
    documents,
    ...(row['restores'] !== null && { restores: row['restores'] as number }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
    ...(confirmedBy !== undefined && { confirmedBy }),
  };
}
