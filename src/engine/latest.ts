// SPDX-License-Identifier: Apache-2.0
import type { ObjectId } from '../model/object.ts';
import { desiredObjects } from '../plan/desired.ts';
import { isIndependent } from '../plan/independent.ts';
import type { DesiredObject } from '../plan/plan.ts';
import { type DocumentSet, differenceOf } from './documents.ts';
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

/**
 * The documents of the revisions that changes start from, in memory, so that a change of one document among thousands
 * costs what that one costs. Nothing here is known only here: it is all in the journal.
 */
export class LatestDocuments {
  readonly #journal: Journal;
  /** Of the current revision and of one that waits for its confirmation. */
  #known: readonly { readonly revision: number; readonly documents: DocumentSet }[] = [];
  #index: Index | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Documents of a revision. */
  of(revision: number): DocumentSet {
    const known = this.#known.find((one) => one.revision === revision);
    if (known !== undefined) return known.documents;
    const documents = this.#journal.documents(revision);
    this.#remember(revision, documents);
    return documents;
  }

  /**
   * What a change from the documents of `revision` to `documents` is about; undefined for everything: unless each
   * document that differs declares only objects that have nothing to do with any other.
   * @throws {WeirError} `DOCUMENT` for mistakes of those documents.
   */
  scope(revision: number, documents: DocumentSet): Scope | undefined {
    const { before, after } = differenceOf(this.of(revision), documents);
    if (before.length + after.length === 0) return undefined;
    if (![...before, ...after].every(({ value }) => isIndependent(value.kind))) return undefined;
    const gone = new Set(before.map(({ name }) => name));
    const changing = new Set(gone);
    const { objects } = this.#indexOf(revision);
    const desired = declaredBy(after, (id) => {
      const other = objects.get(id);
      return other === undefined || changing.has(other.origin.document) ? undefined : other;
    });
    // what holds was right once, whatever this version thinks of it
    const ids = new Set([...desiredObjects(before).objects, ...desired].map(({ id }) => id));
    for (const { name } of after) gone.delete(name);
    return { documents: after, gone: [...gone], desired, ids };
  }

  /** A change from `base` has become a revision. */
  began(revision: number, documents: DocumentSet): void {
    // positions in a text are of use only to whoever sent it
    const bare = documents.some(({ file, locate }) => file !== undefined || locate !== undefined)
      ? documents.map(({ name, value }) => ({ name, value }))
      : documents;
    this.#remember(revision, bare);
  }

  /** The revision `revision`, which `scope` led to from `base`, is the current one. */
  kept(base: number, revision: number, scope: Scope | undefined): void {
    const index = this.#index;
    this.#index = undefined;
    if (scope === undefined || index?.revision !== base) return;
    for (const id of scope.ids) index.objects.delete(id);
    for (const object of scope.desired) index.objects.set(object.id, object);
    this.#index = { ...index, revision };
  }

  #indexOf(revision: number): Index {
    if (this.#index?.revision === revision) return this.#index;
    const independent = this.of(revision).filter(({ value }) => isIndependent(value.kind));
    const objects = new Map(desiredObjects(independent).objects.map((object) => [object.id, object]));
    this.#index = { revision, objects };
    return this.#index;
  }

  #remember(revision: number, documents: DocumentSet): void {
    const { current } = this.#journal;
    const others = this.#known.filter((one) => one.revision === current && one.revision !== revision);
    this.#known = [...others, { revision, documents }];
  }
}
