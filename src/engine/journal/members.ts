// SPDX-License-Identifier: Apache-2.0
import { packed, unpacked } from './pack.ts';
import type { DocumentsSince, KeptDocument } from './records.ts';
import type { JournalStore } from './store.ts';

/** A document as the newest revision has it; without `value` as long as nobody has asked for it. */
interface Member {
  readonly hash: string;
  readonly value?: KeptDocument['value'];
}

/**
 * Which documents each revision has. A document is a row from the revision that brings it until the one that has it no
 * more, so a revision costs what differs from the one before it. Its text is kept once, under its hash.
 */
export class Members {
  readonly #store: JournalStore;
  /** The newest revision and its documents, in order. */
  #last: { readonly revision: number; readonly members: Map<string, Member> } | undefined;
  /** Documents that were read or written lately, by hash: the same text is the same object. */
  readonly #values = new Map<string, WeakRef<object>>();

  constructor(store: JournalStore) {
    this.#store = store;
  }

  /** Names of a revision's documents, in order. */
  names(revision: number): readonly string[] {
    return this.#rows(revision).map(({ name }) => name);
  }

  /** The documents of a revision. One that two revisions share is one object. */
  of(revision: number): readonly KeptDocument[] {
    return this.#rows(revision).map(({ name, hash }) => ({ name, value: this.#value(hash) }));
  }

  /** Inside a transaction: a new revision has these documents. @param since What of them is new, if that is known. */
  begin(revision: number, all: () => readonly KeptDocument[], since?: DocumentsSince): void {
    const known = this.#last;
    const last = known?.members ?? this.#read();
    this.#last = undefined;
    if (known !== undefined && known.revision === since?.revision) {
      for (const name of since.gone) this.#drop(last, name, revision);
      this.#set(last, since.set, revision);
    } else {
      const documents = all();
      this.#set(last, documents, revision);
      this.#dropOthers(last, documents, revision);
    }
    this.#last = { revision, members: last };
  }

  #set(last: Map<string, Member>, documents: readonly KeptDocument[], revision: number): void {
    for (const { name, value } of documents) {
      const known = last.get(name);
      if (known?.value === value) continue;
      const hash = this.#keep(value);
      if (known?.hash === hash) {
        last.set(name, { hash, value });
        continue;
      }
      if (known !== undefined) this.#close(name, revision);
      this.#open(name, hash, revision);
      // at the end, as its row is
      last.delete(name);
      last.set(name, { hash, value });
    }
  }

  #dropOthers(last: Map<string, Member>, documents: readonly KeptDocument[], revision: number): void {
    if (last.size === documents.length) return;
    const kept = new Set(documents.map(({ name }) => name));
    for (const name of [...last.keys()]) if (!kept.has(name)) this.#drop(last, name, revision);
  }

  #drop(last: Map<string, Member>, name: string, revision: number): void {
    if (!last.delete(name)) return;
    this.#close(name, revision);
  }

  /** After a transaction that failed: what was noted of it does not hold. */
  forget(): void {
    this.#last = undefined;
  }

  /** Forget what no revision from `oldest` on has. */
  forgetBefore(oldest: number): void {
    const gone = this.#store.all('DELETE FROM member WHERE until <= ? RETURNING hash', oldest);
    for (const hash of new Set(gone.map((row) => row['hash'] as string)))
      if (this.#store.all('SELECT 1 FROM member WHERE hash = ? LIMIT 1', hash).length === 0) {
        this.#store.run('DELETE FROM document WHERE hash = ?', hash);
        this.#values.delete(hash);
      }
  }

  #rows(revision: number): readonly { readonly name: string; readonly hash: string }[] {
    const sql =
      'SELECT name, hash FROM member WHERE since <= ? AND (until IS NULL OR until > ?) ORDER BY place';
    return this.#store.all(sql, revision, revision) as unknown as readonly { name: string; hash: string }[];
  }

  #read(): Map<string, Member> {
    const open = this.#store.all('SELECT name, hash FROM member WHERE until IS NULL ORDER BY place');
    const known = open.map((row) => {
      const hash = row['hash'] as string;
      const value = this.#values.get(hash)?.deref() as KeptDocument['value'] | undefined;
      return [row['name'] as string, { hash, ...(value && { value }) }] as const;
    });
    return new Map(known);
  }

  #open(name: string, hash: string, revision: number): void {
    this.#store.run('INSERT INTO member (name, hash, since) VALUES (?, ?, ?)', name, hash, revision);
  }

  #close(name: string, revision: number): void {
    this.#store.run('UPDATE member SET until = ? WHERE name = ? AND until IS NULL', revision, name);
  }

  #keep(value: object): string {
    const { hash, body } = packed(JSON.stringify(value));
    const [known] = this.#store.all('SELECT 1 FROM document WHERE hash = ?', hash);
    if (known === undefined) this.#store.run('INSERT INTO document VALUES (?, ?)', hash, body());
    this.#values.set(hash, new WeakRef(value));
    return hash;
  }

  #value(hash: string): KeptDocument['value'] {
    const known = this.#values.get(hash)?.deref();
    if (known !== undefined) return known as KeptDocument['value'];
    const [kept] = this.#store.all('SELECT body FROM document WHERE hash = ?', hash);
    const value = JSON.parse(unpacked(kept?.['body'] as Uint8Array)) as KeptDocument['value'];
    this.#values.set(hash, new WeakRef(value));
    return value;
  }
}
