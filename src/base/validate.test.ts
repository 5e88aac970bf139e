// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { complaints, validated } from './validate.ts';

const schema = Type.Object(
  {
    level: Type.Enum(['info', 'warn']),
    limits: Type.Optional(
      Type.Object({ connections: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
);

describe('complaints', () => {
  it('are none for a valid value', () => {
    expect(complaints(schema, { level: 'info', limits: { connections: 3 } })).toEqual([]);
  });

  it('name an unknown property and the nearest known one, at any depth', () => {
    expect(complaints(schema, { level: 'info', limits: { conections: 3, connections: 1 } })).toEqual([
      {
        path: 'limits',
        problem: 'unknown property "conections", did you mean "connections"?',
        unknown: 'conections',
      },
    ]);
  });

  it('list the choices of an enumeration once', () => {
    expect(complaints(schema, { level: 'loud' })).toEqual([
      { path: 'level', problem: 'must be one of info, warn, not "loud"' },
    ]);
  });

  it('name what is missing and what has the wrong type', () => {
    expect(complaints(schema, { limits: { connections: '3' } })).toEqual([
      { path: '', problem: '"level" is missing' },
      { path: 'limits.connections', problem: 'must be an integer of at least 1, not "3"' },
    ]);
  });

  it.each([8, 5000])('are never none for a value with %i properties too many', (count) => {
    const extra = Object.fromEntries(Array.from({ length: count }, (_, i) => [`extra${i}`, i]));
    const found = complaints(schema, { level: 'info', ...extra });
    expect(found.length).toBe(Math.min(count, 1000));
    expect(found[7]).toEqual({
      path: '',
      problem: 'unknown property "extra7": there are level, limits',
      unknown: 'extra7',
    });
  });

  it('survive names that look like pointers or prototypes', () => {
    const value = JSON.parse('{"level":"info","__proto__":1,"a/b~c":2}');
    expect(complaints(schema, value).map((one) => one.problem)).toEqual([
      'unknown property "__proto__": there are level, limits',
      'unknown property "a/b~c": there are level, limits',
    ]);
  });
});

describe('alternatives', () => {
  const Address = Type.Object({ address: Type.String() }, { additionalProperties: false });
  const either = Type.Object({
    group: Type.Optional(Type.Union([Type.Literal('default'), Type.Integer({ minimum: 0 })])),
    addresses: Type.Optional(Type.Array(Type.Union([Type.String(), Address]))),
    key_file: Type.Optional(Type.String({ pattern: '^/', description: 'File with the key' })),
  });
  const problems = (value: unknown) =>
    complaints(either, value).map(({ path, problem }) => `${path}: ${problem}`);

  it('are told together of a plain value', () => {
    expect(problems({ group: -1 })).toEqual(['group: must be "default" or an integer of at least 0, not -1']);
    expect(problems({ addresses: [7] })).toEqual([
      'addresses.0: must be text or a mapping with address, not 7',
    ]);
  });

  it('are judged by the one that was meant, of a mapping', () => {
    expect(problems({ addresses: [{ adress: 'a' }] })).toEqual([
      'addresses.0: unknown property "adress", did you mean "address"?',
      'addresses.0: "address" is missing',
    ]);
  });

  it('and text of the wrong form is not repeated: it may be a secret', () => {
    expect(problems({ key_file: 'c2VjcmV0' })).toEqual(['key_file: must be text (File with the key)']);
  });
});

describe('validated', () => {
  it('throws with the place of the first fault', () => {
    expect(() => validated(schema, { level: 1 }, 'body')).toThrow(
      'body: level: must be one of info, warn, not 1',
    );
  });
});
