// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageCollector, pageOf } from './page.ts';
import { rightsIn } from './rights.ts';

describe('pages', () => {
  it('put together are the list', () => {
    const check = (items: number[], limit: number) => {
      const seen: number[] = [];
      for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
        const page: ReturnType<typeof pageOf<number>> = pageOf(items, { limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.next;
      }
      expect(seen).toEqual(items);
    };
    fc.assert(fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), check));
  });

  it('begin anew when the stream does', () => {
    const page = new PageCollector<string>({ limit: 2 });
    for (const item of ['a', 'b', 'c']) page.add(item);
    page.restart();
    page.add('d');
    expect(page.page()).toEqual({ netns: '', items: ['d'] });
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
