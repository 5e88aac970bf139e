// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints } from '../../base/validate.ts';
import type { Spec } from '../../model/object.ts';
import { DECLARED_KINDS } from './declared.ts';
import { LinkItem, link } from './link.ts';
import type { Setting } from './setting.ts';

function declaredOf(item: Spec): { readonly spec: Spec; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const [found] = link.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  return { spec: found?.spec ?? {}, problems };
}

describe('mistakes are named', () => {
  test.for<[string, Spec, string]>([
    [
      'settings of another kind',
      { name: 'a', kind: 'ifb', bridge: { stp_state: 1 } },
      'bridge: belongs to links of',
    ],
    ['no lower device', { name: 'a', kind: 'vlan', vlan: { id: 1 } }, 'link: is missing'],
    ['no VLAN id', { name: 'a', kind: 'vlan', link: 'b' }, 'vlan.id: is missing'],
    ['no VXLAN id', { name: 'a', kind: 'vxlan' }, 'vxlan.id: is missing'],
    ['a bad address', { name: 'a', address: 'zz' }, 'address: MAC address "zz"'],
    [
      'a bad remote',
      { name: 'a', kind: 'vxlan', vxlan: { id: 1, remote: '1.2' } },
      'vxlan.remote: address "1.2"',
    ],
    [
      'a group as remote',
      { name: 'a', kind: 'vxlan', vxlan: { id: 1, remote: '239.1.1.1' } },
      'write it as `group`',
    ],
    ['the other family', { name: 'a', kind: 'gre', gre: { remote: '::1' } }, 'gre.remote: address "::1"'],
    ['a veth alone', { name: 'a', kind: 'veth' }, 'veth.peer: is missing'],
    ['its own master', { name: 'a', kind: 'ifb', master: 'a' }, 'name: is the device itself'],
    ['two kinds of port', { name: 'a', port: { cost: 1, queue_id: 1 } }, 'port.queue_id: is no setting'],
    ['a nested address', { name: 'a', addresses: ['1.2.3.4/99'] }, 'addresses.0: prefix'],
  ])('%s', ([, item, problem]) => {
    expect(complaints(LinkItem, item)).toEqual([]);
    expect(declaredOf(item).problems.join('\n')).toContain(problem);
  });

  test('values of the wrong type, beyond the range and of unknown name, in every setting', () => {
    for (const { kind, settings } of DECLARED_KINDS)
      for (const name of Object.keys(settings)) {
        for (const wrong of [null, [null], { x: 1 }, 1.5, '\n', 2 ** 60]) {
          const item = { name: 'a', kind, [kind]: { [name]: wrong } };
          const found = complaints(LinkItem, item);
          const said =
            found.length > 0 || declaredOf(item).problems.some((text) => text.startsWith(`${kind}.${name}`));
          // 2^60 has no bound to break in what is text in any case
          expect(said, `${kind}.${name} = ${JSON.stringify(wrong)}`).toBe(true);
        }
        const typo = complaints(LinkItem, { name: 'a', kind, [kind]: { [`${name}x`]: 1 } });
        expect(typo[0]?.problem).toContain(`unknown property "${name}x"`);
      }
  });
});

test('declare, item, declare is the same, but for what a new device has anyway', () => {
  fc.assert(
    fc.property(items(), (item) => {
      const { spec } = declaredOf(item);
      const again = link.item?.(spec) as Spec;
      expect(complaints(LinkItem, again)).toEqual([]);
      const kept = declaredOf(again).spec;
      expect(spec).toMatchObject(kept);
      expect(link.item?.(kept)).toEqual(again);
    }),
    { numRuns: 500 },
  );
});

/** Items of every kind, each setting from the values that its schema allows. */
function items(): fc.Arbitrary<Spec> {
  const kinds = DECLARED_KINDS.filter(({ kind }) => kind !== 'veth');
  return fc.constantFrom(...kinds).chain(({ kind, settings }) => {
    const record = Object.fromEntries(
      Object.entries(settings).map(([name, setting]) => [name, valuesOf(setting)]),
    );
    return fc
      .record(record, { requiredKeys: [] })
      .map((own) => ({ name: 'x', kind, link: 'low', ...(Object.keys(own).length > 0 && { [kind]: own }) }));
  });
}

interface Shape {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Shape[];
}

function valuesOf(setting: Setting): fc.Arbitrary<unknown> {
  const shape = setting.schema as Shape;
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum);
  const number = shape.type === 'integer' ? shape : shape.anyOf?.find(({ type }) => type === 'integer');
  if (number !== undefined)
    return fc.integer({ min: number.minimum ?? 0, max: Math.min(number.maximum ?? 0, 2 ** 31 - 1) });
  if (shape.type === 'boolean') return fc.boolean();
  if (setting.device) return fc.constant('dev0');
  if (shape.type === 'string') return fc.constantFrom('192.0.2.1', '2001:DB8::1', '02:00:00:00:0A:01');
  return fc.constant(undefined);
}
