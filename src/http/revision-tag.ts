// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';

/** The entity tag of a revision: `"12"`. */
export function tagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * The revision that an If-Match header asks for; undefined without the header, and for `*`, which any revision meets.
 * @throws {WeirError} `REQUEST_INVALID` for anything but one tag of a revision.
 */
export function revisionIn(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, digits] = /^\s*"(\d{1,15})"\s*$/.exec(header) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new WeirError('REQUEST_INVALID', {
    where: 'If-Match',
    problem: 'must be one revision in quotes, as ETag gives it: "12"',
  });
}
