// SPDX-License-Identifier: Apache-2.0
import type { PolicyPlace } from '../../kernel/ports.ts';

/**
 * Places that are other objects than before; undefined where the lists are not of the same devices in the same order, so
 * that they have to be compared device by device.
 */
export function changedPlaces<P extends Pick<PolicyPlace, 'io' | 'ifindex'>>(
  before: readonly P[],
  after: readonly P[],
): readonly P[] | undefined {
  if (before === after) return [];
  if (before.length !== after.length) return undefined;
  const changed: P[] = [];
  for (const [i, place] of after.entries()) {
    const known = before[i] as P;
    if (known === place) continue;
    if (known.io !== place.io || known.ifindex !== place.ifindex) return undefined;
    changed.push(place);
  }
  return changed;
}
