// SPDX-License-Identifier: Apache-2.0
import type { ObjectId } from '../model/object.ts';
import { desiredObjects } from '../plan/desired.ts';
import type { Document } from '../plan/document.ts';
import { isIndependent } from '../plan/independent.ts';
import type { DesiredObject } from '../plan/plan.ts';
import { type DocumentSet, differenceOf, mergeDocuments, type NextDocuments } from './documents.ts';
import type { Journal } from './journal/journal.ts';
import { declaredBy } from './planning.ts';

/** The part of the node that a change is about. */
export interface Scope {
  /** The documents that differ, as they shall be. */
  readonly documents: DocumentSet;
  /** Names of documents that shall not be there any more. */
  readonly gone: readonly string[];
  /** What they declare. */
  readonly desired: readonly DesiredObject[];
  /** Every object that they declare, or declared before. */
  readonly ids: ReadonlySet<ObjectId>;
}

/** What the independent documents of a revision declare. */
interface Index {
  readonly revision: number;
  readonly objects: Map<ObjectId, DesiredObject>;
}

/** The documents of a revision. */
interface Book {
  readonly revision: number;
  /** In their order. */
  readonly byName: Map<string, Document>;
  /** The same as a list, once somebody has asked for it. */
  list?: DocumentSet;
}

/**
 * The documents of the revisions that changes start from, in memory, so that a change of one document among thousands
 * costs what that one costs. Nothing here is known only here: it is all in the journal.
 */
export class LatestDocuments {
  readonly #journal: Journal;
  #current: Book | undefined;
  /** What began from the current revision last. */
  #begun: { readonly revision: number; readonly next: NextDocuments } | undefined;
  #index: Index | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Documents of a revision. */
  of(revision: number): DocumentSet {
    if (revision === this.#begun?.revision) return this.#begun.next.all().map(bare);
    if (revision !== this.#journal.current) return this.#journal.documents(revision);
    const book = this.#book();
    book.list ??= [...book.byName.values()];
    return book.list;
  }

  /** A document of the revision `revision`. */
  named(revision: number, name: string): Document | undefined {
    if (revision === this.#journal.current) return this.#book().byName.get(name);
    return this.of(revision).find((one) => one.name === name);
  }

  /** Those of `base` with `given` in place of those of the same names, and without those named in `removed`. */
  merged(base: number, given: DocumentSet, removed: readonly string[] = []): NextDocuments {
    const names = new Set([...given.map(({ name }) => name), ...removed]);
    const before = [...names].flatMap((name) => this.named(base, name) ?? []);
    return nextOf(base, before, given, () => mergeDocuments(this.of(base), given, removed));
  }

  /** `documents` and no others in place of those of `base`. */
  replaced(base: number, documents: DocumentSet): NextDocuments {
    const { before, after } = differenceOf(this.of(base), documents);
    return nextOf(base, before, after, () => documents);
  }

  /**
   * What a change to other documents is about; undefined for everything: unless each document that differs declares only
   * objects that have nothing to do with any other.
   * @throws {WeirError} `DOCUMENT` for mistakes of those documents.
   */
  scope({ base, difference: { before, after } }: NextDocuments): Scope | undefined {
    if (before.length + after.length === 0) return undefined;
    if (![...before, ...after].every(({ value }) => isIndependent(value.kind))) return undefined;
    const gone = new Set(before.map(({ name }) => name));
    const changing = new Set(gone);
    const { objects } = this.#indexOf(base);
    const desired = declaredBy(after, (id) => {
      const other = objects.get(id);
      return other === undefined || changing.has(other.origin.document) ? undefined : other;
    });
    // what holds was right once, whatever this version thinks of it
    const ids = new Set([...desiredObjects(before).objects, ...desired].map(({ id }) => id));
    for (const { name } of after) gone.delete(name);
    return { documents: after, gone: [...gone], desired, ids };
  }

  /** A change has become a revision. */
  began(revision: number, next: NextDocuments): void {
    this.#begun = { revision, next };
  }

  /** The revision that began last, which `scope` led to, is the current one. */
  kept(scope: Scope | undefined): void {
    const [begun, index, book] = [this.#begun, this.#index, this.#current];
    this.#begun = undefined;
    this.#index = undefined;
    this.#current = undefined;
    if (begun === undefined) return;
    const { revision, next } = begun;
    if (book?.revision === next.base) this.#current = bookWith(book, revision, next);
    if (scope === undefined || index?.revision !== next.base) return;
    for (const id of scope.ids) index.objects.delete(id);
    for (const object of scope.desired) index.objects.set(object.id, object);
    this.#index = { ...index, revision };
  }

  /** Of the current revision. */
  #book(): Book {
    const { current } = this.#journal;
    if (this.#current?.revision === current) return this.#current;
    const documents = this.#journal.documents(current);
    this.#current = { revision: current, byName: new Map(documents.map((one) => [one.name, one])) };
    return this.#current;
  }

  #indexOf(revision: number): Index {
    if (this.#index?.revision === revision) return this.#index;
    const independent = this.of(revision).filter(({ value }) => isIndependent(value.kind));
    const objects = new Map(desiredObjects(independent).objects.map((object) => [object.id, object]));
    this.#index = { revision, objects };
    return this.#index;
  }
}

function nextOf(
  base: number,
  before: DocumentSet,
  after: DocumentSet,
  all: () => DocumentSet,
): NextDocuments {
  let made: DocumentSet | undefined;
  return {
    base,
    difference: { before, after },
    all() {
      made ??= all();
      return made;
    },
  };
}

/** The book itself, as another revision. */
function bookWith({ byName }: Book, revision: number, { difference }: NextDocuments): Book {
  for (const { name } of difference.before) byName.delete(name);
  for (const document of difference.after) byName.set(document.name, bare(document));
  return { revision, byName };
}

/** Positions in a text are of use only to whoever sent it. */
function bare({ name, value }: Document): Document {
  return { name, value };
}
