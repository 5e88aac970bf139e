// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { FULL } from '../../test/helpers/policy-documents.ts';
import { desiredObjects } from '../plan/desired.ts';
import { parseDocuments } from './parse.ts';
import { validateDocuments } from './validate.ts';

interface Read {
  readonly specs: readonly unknown[];
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
}

function read(...values: readonly unknown[]): Read {
  const { documents, problems } = validateDocuments(values);
  const declared = desiredObjects(documents);
  return {
    specs: declared.objects.map(({ spec }) => spec),
    problems: problems.length > 0 ? problems : declared.problems,
  };
}

type Path = readonly (string | number)[];

/** Every place of a value, itself included. */
function* places(value: unknown, path: Path = []): Iterable<readonly [Path, unknown]> {
  yield [path, value];
  if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** The value with another one at a place. */
function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  const inner = (value as Record<string | number, unknown>)[first];
  if (Array.isArray(value)) return value.with(Number(first), replaced(inner, rest, by));
  return { ...(value as object), [first]: replaced(inner, rest, by) };
}

const GARBAGE = 'No such thing!';

function wrongFor(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return [{}, 'x', 7, true];
  switch (typeof value) {
    case 'string':
      return [7, true, [], {}, [value], GARBAGE, ''];
    case 'number':
      return [-1, 1.5, 2 ** 33, true, [], {}, String(value), GARBAGE];
    default:
      return [[], 'x', 7, true, [value]];
  }
}

/** Texts that may be anything. */
const FREE = /(^|\.)(description|ingress\.\d+\.name|egress\.\d+\.name)$/;
/** An empty text is as good as none, or names nothing that could be found. */
const MAY_BE_EMPTY = /matchLabels|labels|values|name$/;

function mayStand(path: string, wrong: unknown): boolean {
  // a port has a number or a name
  if (wrong === 7 && /ports\.\d+\.port$/.test(path)) return true;
  if (typeof wrong !== 'string') return false;
  if (wrong === '' && MAY_BE_EMPTY.test(path)) return true;
  return FREE.test(path) || path.endsWith('cidrSet');
}

/** Around the place, inside it, or beside it: where two fields do not go together, either may be told. */
function isNear(told: string, at: string): boolean {
  const parent = (path: string) => path.slice(0, path.lastIndexOf('.'));
  return at.startsWith(told) || told.startsWith(at) || parent(told) === parent(at);
}

describe.each(FULL.map((document) => ({ kind: document.kind, document })))(
  'a document of the kind $kind',
  ({ document }) => {
    it('with every field is taken', () => {
      expect(read(document).problems).toEqual([]);
    });

    it('with something wrong in any place is refused, and the place is told', () => {
      let tried = 0;
      for (const [path, value] of places(document))
        for (const wrong of wrongFor(value)) {
          const at = path.join('.');
          if (at === '' || mayStand(at, wrong)) continue;
          const { problems } = read(replaced(document, path, wrong));
          const told = problems.map((one) => one.path);
          const where = `${at} = ${JSON.stringify(wrong)}: ${JSON.stringify(problems)}`;
          expect(problems.length, where).toBeGreaterThan(0);
          expect(
            told.some((one) => isNear(one, at)),
            where,
          ).toBe(true);
          tried++;
        }
      expect(tried).toBeGreaterThan(20);
    });

    it('with an unknown field anywhere is refused by its name', () => {
      for (const [path, value] of places(document)) {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
        const at = path.join('.');
        if (/labels$|matchLabels$/i.test(at)) continue;
        const { problems } = read(replaced(document, path, { ...value, surprise: 1 }));
        expect(
          problems.some(({ problem }) => problem.includes('"surprise"')),
          at,
        ).toBe(true);
      }
    });
  },
);

describe('documents about policy', () => {
  it('of Kubernetes may have null and status, and come in a List', () => {
    const text = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'p', namespace: 'x', creationTimestamp: null, uid: 'u', generation: 1 },
          spec: { podSelector: { matchLabels: null }, ingress: null, egress: [{ to: null }] },
          status: {},
        },
      ],
    });
    const { documents, problems } = parseDocuments([{ name: 'list.json', text }]);
    expect(problems).toEqual([]);
    expect(documents.map(({ name }) => name)).toEqual(['NetworkPolicy/x/p']);
    expect(desiredObjects(documents).objects[0]?.spec).toMatchObject({ egress: [{ action: 'allow' }] });
  });

  it('of Kubernetes do not break by depth', () => {
    const start =
      '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":';
    const text = `${start}${'{"a":'.repeat(50_000)}1${'}'.repeat(50_001)}`;
    const { problems } = parseDocuments([{ name: 'deep.json', text }]);
    expect(problems[0]?.problem).toContain('unknown property "a"');
  });

  it.each([
    ['a name', (long: string) => `{ name: ${long} }\nspec: {}`],
    ['a label', (long: string) => `{ name: p }\nspec: { podSelector: { matchLabels: { ${long}: a } } }`],
    [
      'the value of one',
      (long: string) => `{ name: p }\nspec: { podSelector: { matchLabels: { a: ${long} } } }`,
    ],
    ['a port', (long: string) => `{ name: p }\nspec: { ingress: [{ ports: [{ port: ${long} }] }] }`],
  ])('do not repeat %s that is too long to be looked at', (_, rest) => {
    const start = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ';
    const text = start + rest('x'.repeat(100_000));
    const { documents, problems } = parseDocuments([{ name: 'long.yaml', text }]);
    const told = problems.length > 0 ? problems : desiredObjects(documents).problems;
    expect(told).toHaveLength(1);
    expect(told[0]?.problem.length).toBeLessThan(300);
    expect(told[0]?.document?.length ?? 0).toBeLessThan(300);
  });

  it('say the same in whatever order labels and values stand', () => {
    const policy = (spec: unknown) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p' },
      spec,
    });
    const one = read(
      policy({
        podSelector: {
          matchLabels: { b: '1', a: '2' },
          matchExpressions: [{ key: 'c', operator: 'In', values: ['y', 'x', 'y'] }],
        },
      }),
    );
    const other = read(
      policy({
        podSelector: {
          matchExpressions: [
            { key: 'c', operator: 'In', values: ['x', 'y'] },
            { key: 'a', operator: 'In', values: ['2'] },
          ],
          matchLabels: { a: '2', b: '1' },
        },
      }),
    );
    expect(one.problems).toEqual([]);
    expect(one.specs).toEqual(other.specs);
  });

  it('do not fall for names of JavaScript', () => {
    const text = `
apiVersion: weir.dev/v1
kind: Endpoint
metadata: { name: a, labels: { __proto__: x, constructor: y } }
spec: { addresses: [10.0.0.1] }
`;
    const { documents, problems } = parseDocuments([{ name: 'a.yaml', text }]);
    const declared = desiredObjects(documents);
    expect([...problems, ...declared.problems].length > 0 || declared.objects.length === 1).toBe(true);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});
