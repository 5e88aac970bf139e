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
      { path: 'level', problem: 'must be one of info, warn' },
    ]);
  });

  it('name what is missing and what has the wrong type', () => {
    expect(complaints(schema, { limits: { connections: '3' } })).toEqual([
      { path: '', problem: '"level" is missing' },
      { path: 'limits.connections', problem: 'must be integer' },
    ]);
  });

  it('survive names that look like pointers or prototypes', () => {
    const value = JSON.parse('{"level":"info","__proto__":1,"a/b~c":2}');
    expect(complaints(schema, value).map((one) => one.problem)).toEqual([
      'unknown property "__proto__"',
      'unknown property "a/b~c"',
    ]);
  });
});

describe('validated', () => {
  it('throws with the place of the first fault', () => {
    expect(() => validated(schema, { level: 1 }, 'body')).toThrow('body: level: must be one of info, warn');
  });
});
