// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PatchedMap } from './patched-map.ts';

const changes = fc.array(
  fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.integer(), { nil: undefined })), {
    maxLength: 400,
  }),
  { maxLength: 8 },
);

test('it is as a map that was changed the same way, and knows what it was made from', () => {
  fc.assert(
    fc.property(changes, (steps) => {
      const plain = new Map<string, number>([['k1', 1]]);
      let patched: ReadonlyMap<string, number> = new Map(plain);
      for (const [round, step] of steps.entries()) {
        const before = new Map(plain);
        // names of their own make it grow beyond what is kept beside the base
        const named = step.map(
          ([key, value], i) => [`k${key}-${i % 3 === 0 ? round : ''}${i > 50 ? i : ''}`, value] as const,
        );
        for (const [key, value] of named)
          if (value === undefined) plain.delete(key);
          else plain.set(key, value);
        const next: PatchedMap<number> = PatchedMap.of(patched, new Map(named));
        expect(new Map(next)).toEqual(plain);
        expect(next.size).toBe(plain.size);
        expect(new Map(patched)).toEqual(before);
        const changed = new Set(next.changedSince(patched));
        for (const key of new Set([...plain.keys(), ...before.keys()])) {
          if (plain.get(key) !== before.get(key)) expect(changed).toContain(key);
          expect(next.get(key)).toBe(plain.get(key));
          expect(next.has(key)).toBe(plain.has(key));
        }
        expect(next.changedSince(new Map(patched))).toBeUndefined();
        patched = next;
      }
    }),
  );
});
