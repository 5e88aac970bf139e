// SPDX-License-Identifier: Apache-2.0
import type { Document } from './document.ts';
import type { Diagnostic } from './plan.ts';

/** The diagnostics with the lines of the documents that they speak of, where those came as text. */
export function withLines(
  diagnostics: readonly Diagnostic[],
  documents: readonly Document[],
): readonly Diagnostic[] {
  const byName = new Map(documents.map((document) => [document.name, document]));
  return diagnostics.map((one) => {
    const { origin } = one;
    const line = origin && byName.get(origin.document)?.locate?.(origin.path)?.line;
    return origin === undefined || line === undefined ? one : { ...one, origin: { ...origin, line } };
  });
}
