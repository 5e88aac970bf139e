// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { type PlacedProblem, WeirError } from '../base/errors.ts';
import type { Document } from '../plan/document.ts';

/** Documents by name, each name once. */
export type DocumentSet = readonly Document[];

/** `given` in place of the documents of the same names, and without those named in `removed`; the others stay. */
export function mergeDocuments(
  current: DocumentSet,
  given: DocumentSet,
  removed: readonly string[] = [],
): DocumentSet {
  const names = new Set([...given.map(({ name }) => name), ...removed]);
  return [...current.filter(({ name }) => !names.has(name)), ...given];
}

/** Documents that differ between two sets. */
export interface Difference {
  readonly before: DocumentSet;
  readonly after: DocumentSet;
}

/**
 * What lies between two sets. One whose value is the same object is the same; where the order differs, documents may be on
 * both sides although they are the same.
 */
export function differenceOf(before: DocumentSet, after: DocumentSet): Difference {
  const left: Document[] = [];
  let next = 0;
  for (const document of before)
    if (after[next]?.value === document.value) next++;
    else left.push(document);
  return { before: left, after: after.slice(next) };
}

/** Documents that shall hold, as they differ from those of a revision. */
export interface NextDocuments {
  readonly base: number;
  readonly difference: Difference;
  /** All of them, in order. To be asked for before `base` gives way to another revision. */
  all(): DocumentSet;
}

/** True when both sides say the same. */
export function isSame({ before, after }: Difference): boolean {
  const byName = (documents: DocumentSet) => new Map(documents.map(({ name, value }) => [name, value]));
  return isDeepStrictEqual(byName(before), byName(after));
}

/** Every mistake of documents as one error. */
export function documentError(problems: readonly PlacedProblem[]): WeirError {
  const [first] = problems;
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  return new WeirError('DOCUMENT', { count, first: `${first?.path}: ${first?.problem}` }, { problems });
}
