// SPDX-License-Identifier: Apache-2.0
import { type DeviceIdentity, matchedNamespaces, resolveMatches } from '../plan/match.ts';
import { resolveSelections, selectedNamespaces } from '../plan/select.ts';
import { type DocumentSet, documentError } from './documents.ts';
import type { EngineParts } from './parts.ts';

/**
 * The documents with the names that the devices they look for have now.
 * @throws {WeirError} `DOCUMENT` when one fits no device or several, `NOT_FOUND` for a namespace that does not exist.
 */
export async function withDevices(
  { devices }: Pick<EngineParts, 'devices'>,
  documents: DocumentSet,
): Promise<DocumentSet> {
  const found = new Map<string, readonly DeviceIdentity[]>();
  for (const netns of [...matchedNamespaces(documents), ...selectedNamespaces(documents)])
    if (!found.has(netns)) found.set(netns, await devices(netns));
  if (found.size === 0) return documents;
  const resolved = resolveMatches(documents, found);
  if (resolved.problems.length > 0) throw documentError(resolved.problems);
  return resolveSelections(resolved.documents, found);
}
