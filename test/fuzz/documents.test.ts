// SPDX-License-Identifier: Apache-2.0
// Every field of every section gets what it cannot take. Nothing is thrown, nothing is declared, and each mistake has a
// path. Shapes come from the schemas, so that a new class is tried without a line here.
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseDocuments } from '../../src/documents/parse.ts';
import { itemSchema, sectionsOf } from '../../src/documents/schema.ts';
import { validateDocuments } from '../../src/documents/validate.ts';
import type { Section } from '../../src/kinds/object-class.ts';
import { desiredObjects } from '../../src/plan/desired.ts';
import { API_VERSION, apiVersionOf, DOCUMENT_KINDS } from '../../src/plan/document.ts';

interface Field {
  readonly path: readonly string[];
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Every field of a schema, at any depth; `0` is the item of a list. */
function fieldsOf(schema: TSchema, path: readonly string[] = []): readonly Field[] {
  const shape = schema as Readonly<Record<string, unknown>>;
  const inner: Field[] = [];
  for (const [name, one] of Object.entries((shape['properties'] ?? {}) as Record<string, TSchema>))
    inner.push(...fieldsOf(one, [...path, name]));
  for (const one of (shape['anyOf'] ?? []) as TSchema[]) inner.push(...fieldsOf(one, path).slice(1));
  if (isSchema(shape['items'])) inner.push(...fieldsOf(shape['items'], [...path, '0']));
  return [{ path, schema: shape }, ...inner];
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Values that the schema of a field does not allow. */
function wrongFor({ schema }: Field): readonly unknown[] {
  const { type, minimum, maximum, enum: choices, anyOf, const: only, maxLength, properties } = schema;
  const limits = [
    ...(typeof minimum === 'number' ? [minimum - 1] : []),
    ...(typeof maximum === 'number' ? [maximum + 1] : []),
    ...(typeof maxLength === 'number' ? ['x'.repeat(maxLength + 1)] : []),
    ...(properties === undefined
      ? []
      : [{ nonsense: 1 }, JSON.parse('{"__proto__":{"a":1}}'), { constructor: 1 }]),
  ];
  if (anyOf !== undefined) return [null, [[[]]], Number.NaN];
  if (choices !== undefined || only !== undefined) return ['no such choice', -1, null, {}];
  if (type === 'string') return [7, true, null, [], {}, ...limits];
  if (type === 'integer')
    return ['seven', 1.5, true, null, [], {}, Number.NaN, Number.POSITIVE_INFINITY, ...limits];
  if (type === 'number') return ['seven', true, null, [], {}, ...limits];
  if (type === 'boolean') return ['yes', 1, null, []];
  if (type === 'array') return ['x', 7, null, { 0: 1 }];
  if (type === 'object') return ['x', 7, null, [], ...limits];
  return [];
}

/** `value` at a path, with nothing beside it. */
function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, name) => (name === '0' ? [inner] : { [name]: inner }), value);
}

function documentWith(section: Section, item: unknown): unknown {
  const list = section.mapping ? { 'net.ipv4.ip_forward': item } : [item];
  const { document: kind, name } = section;
  const apiVersion = apiVersionOf(kind);
  const spec = section.whole ? item : { [name]: list };
  return { apiVersion, kind, metadata: { name: 'fuzz' }, spec };
}

const sections = DOCUMENT_KINDS.flatMap(sectionsOf);

describe.each(sections.map((section) => [section.name, section] as const))('%s', (name, section) => {
  const fields = fieldsOf(itemSchema(section));
  const place = section.whole ? 'spec' : `spec.${name}`;

  it(`refuses what each of its ${fields.length} fields cannot take`, () => {
    for (const field of fields)
      for (const wrong of wrongFor(field)) {
        // as Kubernetes has it, null is as if nothing was given
        if (wrong === null && apiVersionOf(section.document) !== API_VERSION) continue;
        const value = documentWith(section, nested(field.path, wrong));
        const { documents, problems } = parseDocuments([{ name: 'fuzz.yaml', text: stringify(value) }]);
        const at = `${field.path.join('.')} = ${JSON.stringify(wrong)}`;
        expect(documents, at).toEqual([]);
        expect(problems.length, at).toBeGreaterThan(0);
        for (const { path, problem, file, line } of problems) {
          expect(path.startsWith(place), `${at}: ${path}`).toBe(true);
          expect([file, typeof line], at).toEqual(['fuzz.yaml', 'number']);
          // what would be right, in words of people
          expect(problem, at).toMatch(/^(must (be|not be empty: give) |unknown property |".*" is missing)/);
          expect(problem, at).not.toMatch(/schema|anyOf|constant|\^/);
        }
      }
  });

  it('takes any text for a mistake or for objects, and never throws', () => {
    const texts = fields.filter(({ schema }) => schema['type'] === 'string');
    const item = fc.dictionary(
      fc.constantFrom(...fields.map(({ path }) => path[0] ?? 'name')),
      fc.anything(),
    );
    const filled = fc
      .tuple(...texts.map(() => fc.option(anyText, { nil: undefined })))
      .map((values) =>
        Object.fromEntries(
          texts.flatMap(({ path }, i) =>
            path.length === 1 && values[i] !== undefined ? [[path[0], values[i]]] : [],
          ),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(item, filled), (value) => {
        const { documents, problems } = validateDocuments([documentWith(section, value)]);
        expect(documents.length > 0).toBe(problems.length === 0);
        for (const { path, problem } of desiredObjects(documents).problems) {
          expect(path.startsWith(place)).toBe(true);
          expect(problem).not.toBe('');
        }
      }),
      { numRuns: 500 },
    );
  });
});

const anyText = fc.oneof(
  fc.constantFrom(
    '10.0.0.0/8',
    '10.0.0.1',
    '::/0',
    'fe80::1/64',
    'eth0',
    'default',
    '1:1',
    'ffff:',
    '10mbit',
    '/',
    '',
  ),
  fc.string({ maxLength: 20 }),
);

describe('a text', () => {
  it('of any bytes is a list of mistakes or of documents', () => {
    const words = [
      'apiVersion: weir.dev/v1',
      'kind: Network',
      'metadata:',
      '  name: a',
      'spec:',
      '---',
      '- ',
      '{',
      '&a',
      '*a',
      '"',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...words, '\n', '\n')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        const { problems } = parseDocuments([{ name: 'fuzz.yaml', text: given }]);
        for (const { file, problem } of problems) expect([file, problem !== '']).toEqual(['fuzz.yaml', true]);
      }),
      { numRuns: 2000 },
    );
  });
});
