// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Document } from '../plan/document.ts';
import { type DocumentSet, mergeDocuments } from './documents.ts';
import { Journal } from './journal/journal.ts';
import { LatestDocuments } from './latest.ts';

const NOTHING = { create: 0, change: 0, replace: 0, remove: 0, adopt: 0 };

function document(name: string, mark: number): Document {
  return { name, value: { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec: { mark } } };
}

const step = fc.record({
  given: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.nat(3)), { selector: ([name]) => name }),
  removed: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 2 }),
  prune: fc.boolean(),
  end: fc.constantFrom('kept', 'undone', 'failed'),
  isRead: fc.boolean(),
});

function plain(documents: DocumentSet): unknown {
  return documents.map(({ name, value }) => [name, value.spec['mark']]);
}

test('documents of revisions are those that were merged, whatever became of the changes between', () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-latest-'));
  let runs = 0;
  try {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const file = join(directory, `${runs++}.db`);
        const journal = Journal.open(file);
        const latest = new LatestDocuments(journal);
        let expected: DocumentSet = [];
        for (const { given, removed, prune, end, isRead } of steps) {
          const documents = given.map(([name, mark]) => document(`d${name}`, mark));
          const names = removed.map((name) => `d${name}`);
          const base = journal.current;
          const next = prune ? latest.replaced(base, documents) : latest.merged(base, documents, names);
          const after = prune ? documents : mergeDocuments(expected, documents, names);
          if (isRead) expect(plain(next.all())).toEqual(plain(after));
          const rest = { counts: NOTHING, plan: '', image: new Map(), owned: new Map(), boot: 'b' };
          const change = { time: 0, who: 'test', documents: () => next.all(), ...rest };
          if (end === 'failed') continue;
          const revision = journal.begin(change);
          latest.began(revision, next);
          expect(plain(latest.of(revision))).toEqual(plain(after));
          if (end === 'undone') journal.rolledBack('so');
          else {
            journal.confirm('test', 'b');
            latest.kept(undefined);
            expected = after;
          }
          for (let i = 0; i <= 6; i++) {
            const found = latest.named(journal.current, `d${i}`);
            expect(found?.value.spec).toEqual(expected.find(({ name }) => name === `d${i}`)?.value.spec);
          }
        }
        expect(plain(latest.of(journal.current))).toEqual(plain(expected));
        journal.close();
      }),
      { numRuns: 30 },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
