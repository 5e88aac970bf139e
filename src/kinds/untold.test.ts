// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { address } from './address/address.ts';
import { rule } from './rule/rule.ts';

const refuse = (path: string, problem: string) => {
  throw new Error(`${path}: ${problem}`);
};

describe('what the kernel does not tell is not declared either', () => {
  it('a peer that is the address itself, an empty broadcast address', () => {
    const item = { dev: 'd0', address: '192.0.2.1/24', peer: '192.0.2.1', broadcast: '0.0.0.0' };
    const [declared] = address.declare?.(item, refuse) ?? [];
    expect(declared?.spec).toEqual({ dev: 'd0', address: '192.0.2.1/24' });
  });

  it('realms of number 0', () => {
    const [one] = rule.declare?.({ priority: 5, realms: { from: 0, to: 7 }, table: 9 }, refuse) ?? [];
    expect(one?.spec).toEqual({ priority: 5, realms: { to: 7 }, table: 9, protocol: 'weir' });
    const [none] = rule.declare?.({ priority: 5, realms: { from: 0, to: 0 }, table: 9 }, refuse) ?? [];
    expect(none?.spec).toEqual({ priority: 5, table: 9, protocol: 'weir' });
  });
});
