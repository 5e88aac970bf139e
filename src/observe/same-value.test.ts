// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameValue } from './same-value.ts';

test('agrees with the equality of canonical JSON', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  fc.assert(fc.property(json, (value) => sameValue(value, structuredClone(value))));
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(sameValue(a, b)).toBe(canonical(a) === canonical(b));
    }),
  );
});

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
