// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OwnedObject } from '../model/object.ts';
import { OwnedObjects } from './owned.ts';

const CLASSES = ['route', 'rule', 'policy'] as const;

const delta = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.constantFrom(...CLASSES)));

test('what is owned, and how much of each class, is as the changes left it', () => {
  fc.assert(
    fc.property(fc.array(delta), (deltas) => {
      const plain = new Map<string, OwnedObject>();
      const owned = new OwnedObjects(new Map());
      for (const one of deltas) {
        const entries = Object.entries(one).map(([id, name]): [string, OwnedObject | null] => [
          id,
          name === null
            ? null
            : { id, netns: '', class: name, key: id, declared: {}, created: true, original: {} },
        ]);
        for (const [id, object] of entries)
          if (object === null) plain.delete(id);
          else plain.set(id, object);
        const given = new Map(entries);
        expect(owned.sizeWith(given)).toBe(plain.size);
        expect(owned.with(given)).toEqual(plain);
        owned.apply(given);
        expect(owned.all).toEqual(plain);
        for (const name of CLASSES) {
          const count = [...plain.values()].filter((object) => object.class === name).length;
          expect(owned.counts.get(name)).toBe(count === 0 ? undefined : count);
        }
      }
    }),
  );
});
