// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Page, StateQuery } from '../../api/schemas/state.ts';
import { PageCollector } from './page.ts';
import { rightsIn } from './rights.ts';

/** The page of a list. */
function pageOf<T>(items: readonly T[], query: StateQuery): Page<T> {
  const page = new PageCollector<T>(query);
  for (const item of items) page.visit(item);
  return page.page();
}

describe('pages', () => {
  it('put together are the list', () => {
    const check = (items: number[], limit: number) => {
      const seen: number[] = [];
      for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
        const page: Page<number> = pageOf(items, { limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.next;
      }
      expect(seen).toEqual(items);
    };
    fc.assert(fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), check));
  });

  it('forget of a repeated dump what it gave, and nothing else', () => {
    const dumps = fc.array(fc.record({ lost: fc.array(fc.integer()), kept: fc.array(fc.integer()) }));
    const check = (all: readonly { lost: number[]; kept: number[] }[], cursor: number, limit: number) => {
      const query = { limit, cursor: String(cursor) };
      const page = new PageCollector<number>(query);
      for (const { lost, kept } of all) {
        page.begin();
        for (const item of lost) page.visit(item);
        page.restart();
        for (const item of kept) page.visit(item);
      }
      const whole = all.flatMap(({ kept }) => kept);
      expect(page.page()).toEqual(pageOf(whole, query));
    };
    fc.assert(fc.property(dumps, fc.nat(9), fc.integer({ min: 1, max: 9 }), check));
  });
});

describe('rightsIn', () => {
  it('names what is there and what is missing, with the consequence', () => {
    expect(rightsIn('CapPrm:\t0\nCapEff:\t0000000000001000\nCapBnd:\t0\n')).toEqual({
      capabilities: ['CAP_NET_ADMIN'],
      missing: ['CAP_SYS_ADMIN'],
      degraded: ['other network namespaces cannot be watched: the agent lacks CAP_SYS_ADMIN'],
    });
    expect(rightsIn('CapEff:\t000001ffffffffff\n')).toMatchObject({ missing: [], degraded: [] });
  });
});
