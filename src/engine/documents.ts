// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { type PlacedProblem, WeirError } from '../base/errors.ts';
import type { Document } from '../plan/document.ts';

/** Documents by name, each name once. */
export type DocumentSet = readonly Document[];

/** `given` in place of the documents of the same names; the others stay. */
export function mergeDocuments(current: DocumentSet, given: DocumentSet): DocumentSet {
  const names = new Set(given.map(({ name }) => name));
  return [...current.filter(({ name }) => !names.has(name)), ...given];
}

/** True when both say the same. */
export function sameDocuments(a: DocumentSet, b: DocumentSet): boolean {
  const byName = (documents: DocumentSet) => new Map(documents.map(({ name, value }) => [name, value]));
  return isDeepStrictEqual(byName(a), byName(b));
}

/** Every mistake of documents as one error. */
export function documentError(problems: readonly PlacedProblem[]): WeirError {
  const [first] = problems;
  const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
  return new WeirError('DOCUMENT', { count, first: `${first?.path}: ${first?.problem}` }, { problems });
}
