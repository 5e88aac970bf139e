// SPDX-License-Identifier: Apache-2.0
import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { messageOf, WeirError } from '../../base/errors.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Milliseconds without a change after which the log is folded into the file: nobody waits for that then. */
const IDLE_MS = 300;
/** Milliseconds after which it is done between two changes, should they follow each other without a pause. */
const LATEST_MS = 3_000;
/** Pages of the log (of 4 kB) from which on it is folded into the file at once. */
const LOG_PAGES = 8_192;

/** The SQLite file of the journal. All throw {WeirError} `JOURNAL`. */
export class JournalStore {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #idle: NodeJS.Timeout | undefined;
  /** When what waits for a pause was asked for, on the clock of `performance`. */
  #waiting: number | undefined;

  /** Open or create the file; only its owner may read it. */
  constructor(file: string) {
    this.file = file;
    this.#db = this.#guarded(() => {
      const db = new DatabaseSync(file);
      chmodSync(file, 0o600);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
      db.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
      return db;
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#statements.clear();
    this.#db.close();
  }

  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** @returns the number of the row that was inserted last. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  /** Do all of it or nothing, and wait for the disk. */
  transaction<T>(work: () => T): T {
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

  /** Do `work`, and fold the log into the file, once nothing has been asked for a while, or it has waited for long. */
  whenIdle(work: () => void): void {
    clearTimeout(this.#idle);
    const now = performance.now();
    this.#waiting ??= now;
    const isLate = now - this.#waiting >= LATEST_MS;
    const begin = () => {
      if (this.#db.isTransaction) return;
      this.#waiting = undefined;
      work();
      this.exec('PRAGMA wal_checkpoint(PASSIVE)');
    };
    // whoever waits for the change before is answered first
    this.#idle = setTimeout(begin, isLate ? 1 : IDLE_MS);
    this.#idle.unref();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      throw new WeirError('JOURNAL', { file: this.file, problem: messageOf(cause) }, { cause });
    }
  }
}
