// SPDX-License-Identifier: Apache-2.0
import { chmodSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { messageOf, WeirError } from '../../base/errors.ts';
import type { PolicyOperation } from '../../model/policy.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { NO_OBJECTS, type PolicyObjects, withOperations } from './objects.ts';
import { ruleName } from './rule-name.ts';

const LAYOUT = 1;

const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE object (class TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (class, key)) STRICT, WITHOUT ROWID;
CREATE TABLE number (kind TEXT, key TEXT, number INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (kind, key))
  STRICT, WITHOUT ROWID;
CREATE INDEX number_taken ON number (kind, number);
CREATE TABLE pending (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, body TEXT NOT NULL,
  whole INTEGER NOT NULL) STRICT;
PRAGMA user_version = ${LAYOUT};
`;

/** Numbers that maps hold and that must mean the same to the next agent. */
export interface Numbers {
  /** Number of an endpoint, by its key. */
  readonly endpoints: ReadonlyMap<string, number>;
  /** Index of a rule's counter, by the rule. */
  readonly counters: ReadonlyMap<string, number>;
}

/** What an earlier agent left. */
export interface Noted {
  readonly objects: PolicyObjects;
  readonly numbers: Numbers;
}

/** What is noted of one update. */
export interface NotedUpdate {
  readonly epoch: number;
  readonly operations: readonly PolicyOperation[];
  readonly numbers: Numbers;
  /** Nothing that was noted before holds. */
  readonly isFresh: boolean;
  /** It makes maps of its own. */
  readonly isWhole: boolean;
}

/**
 * Notes of the objects that are in force, so that an agent that starts anew knows what the pinned maps hold. They outlive
 * the process, not the machine: neither do the maps, so nothing here waits for the disk.
 *
 * All throw {WeirError} `JOURNAL`.
 */
export class PolicyNotes {
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  #db: DatabaseSync | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is in force if the maps of `stamp` are at `epoch`; undefined when the notes are of other maps. */
  read(stamp: string, epoch: number): Noted | undefined {
    return this.#guarded(() => {
      const [pending] = this.#all('SELECT epoch, whole FROM pending');
      const isPending = pending?.['epoch'] === epoch;
      const isKnown = this.#meta('stamp') === stamp;
      if (!isKnown && !(isPending && pending['whole'] === 1)) return undefined;
      if (isPending) this.#settle(stamp, epoch);
      if (Number(this.#meta('epoch')) !== epoch) return undefined;
      const rows = this.#all('SELECT class, key, body FROM object');
      const operations = rows.map(({ class: name, key, body }) => {
        const spec = JSON.parse(body as string) as Record<string, unknown>;
        return { op: 'set', class: name, key, spec } as PolicyOperation;
      });
      return { objects: withOperations(NO_OBJECTS, operations), numbers: this.#numbers() };
    });
  }

  /** Before an update: what will be in force once the maps are at its epoch. */
  begin({ epoch, operations, numbers, isFresh, isWhole }: NotedUpdate): void {
    this.#guarded(() =>
      this.#transaction(() => {
        this.#run('DELETE FROM pending');
        if (isFresh) for (const table of ['object', 'meta']) this.#run(`DELETE FROM ${table}`);
        const body = JSON.stringify(operations);
        this.#run('INSERT OR REPLACE INTO pending VALUES (1, ?, ?, ?)', epoch, body, isWhole ? 1 : 0);
        this.#keepNumbers('endpoint', numbers.endpoints);
        this.#keepNumbers('counter', numbers.counters);
      }),
    );
  }

  /** After the update: the maps are these now, at its epoch. */
  done(stamp: string, epoch: number): void {
    this.#guarded(() => this.#settle(stamp, epoch));
  }

  /** The update did not take place. */
  undone(): void {
    this.#guarded(() => this.#run('DELETE FROM pending'));
  }

  /** Milliseconds since the epoch when a rule got its counter. */
  since(rule: string): number | undefined {
    const sql = "SELECT since FROM number WHERE kind = 'counter' AND key = ?";
    return this.#guarded(() => this.#all(sql, rule)[0]?.['since'] as number | undefined);
  }

  /** Nothing is in force any more. */
  remove(): void {
    this.close();
    for (const end of ['', '-wal', '-shm']) rmSync(`${this.#file}${end}`, { force: true });
  }

  close(): void {
    this.#statements.clear();
    this.#db?.close();
    this.#db = undefined;
  }

  #settle(stamp: string, epoch: number): void {
    this.#transaction(() => {
      this.#settlePending();
      this.#run("INSERT OR REPLACE INTO meta VALUES ('stamp', ?)", stamp);
      this.#run("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", String(epoch));
    });
  }

  #settlePending(): void {
    const [pending] = this.#all('SELECT epoch, body FROM pending');
    if (pending === undefined) return;
    for (const operation of JSON.parse(pending['body'] as string) as PolicyOperation[]) {
      const { class: name, key } = operation;
      if (operation.op === 'remove') this.#run('DELETE FROM object WHERE class = ? AND key = ?', name, key);
      else
        this.#run(
          'INSERT OR REPLACE INTO object VALUES (?, ?, ?)',
          name,
          key,
          JSON.stringify(operation.spec),
        );
    }
    this.#run('DELETE FROM pending');
  }

  #keepNumbers(kind: 'endpoint' | 'counter', numbers: ReadonlyMap<string, number>): void {
    const sql = `INSERT INTO number VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET
      since = CASE WHEN number = excluded.number THEN since ELSE excluded.since END, number = excluded.number`;
    // a number that is given away anew is nobody else's any more
    const taken = 'DELETE FROM number WHERE kind = ? AND number = ? AND key <> ?';
    for (const [key, number] of numbers) {
      this.#run(taken, kind, number, key);
      this.#run(sql, kind, key, number, Date.now());
    }
  }

  #numbers(): Numbers {
    const of = (kind: string) =>
      new Map(
        this.#all('SELECT key, number FROM number WHERE kind = ?', kind).map((row) => [
          row['key'] as string,
          row['number'] as number,
        ]),
      );
    return { endpoints: of('endpoint'), counters: of('counter') };
  }

  #meta(name: string): string | undefined {
    return this.#all('SELECT value FROM meta WHERE name = ?', name)[0]?.['value'] as string | undefined;
  }

  #open(): DatabaseSync {
    if (this.#db !== undefined) return this.#db;
    const db = new DatabaseSync(this.#file);
    chmodSync(this.#file, 0o600);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 2000');
    const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === 0) db.exec(TABLES);
    this.#db = db;
    return db;
  }

  #all(sql: string, ...values: readonly (string | number)[]): readonly Record<string, unknown>[] {
    return this.#statement(sql).all(...values) as Record<string, unknown>[];
  }

  #run(sql: string, ...values: readonly (string | number)[]): void {
    this.#statement(sql).run(...values);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#open().prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #transaction(work: () => void): void {
    const db = this.#open();
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
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

const NO_NUMBERS: Numbers = { endpoints: new Map(), counters: new Map() };

/** Numbers that a compilation gave away. @param isWhole All of them, not only those that are new. */
export function numbersOf(compiled: CompiledPolicy, isWhole: boolean): Numbers {
  const { endpoints, rules } = isWhole ? compiled.contents() : compiled.changes;
  if (endpoints.length + rules.length === 0) return NO_NUMBERS;
  return {
    endpoints: new Map(endpoints.map(({ key, endpoint }) => [key, endpoint])),
    counters: new Map(rules.map(({ origin, counter }) => [ruleName(origin), counter])),
  };
}
