// SPDX-License-Identifier: Apache-2.0
import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/schema';
import { Settings } from 'typebox/system';
import { WeirError } from './errors.ts';
import { described, expected, meaning } from './expected.ts';
import { didYouMean, didYouMeanOr } from './suggest.ts';

// It tells 8 by default, and each unknown property counts twice.
Settings.Set({ maxErrors: 1000 });

/** One thing that is wrong with a value. */
export interface Complaint {
  /** Dotted path of the property, '' for the value itself. */
  readonly path: string;
  readonly problem: string;
  /** Name of the property that is there and should not be. */
  readonly unknown?: string;
}

/** Keywords of errors about properties that nobody knows. */
const UNKNOWN: ReadonlySet<string> = new Set(['boolean', 'additionalProperties']);

type ValidationError = ReturnType<typeof Errors>[1][number];

/** All that is wrong with `value`, each thing once, in words that name the property; empty when it is valid. */
export function complaints(schema: TSchema, value: unknown): readonly Complaint[] {
  // most values are valid, and this is known sooner than what is wrong
  if (Check(schema, value)) return [];
  const [, errors] = Errors(schema, value);
  // An unknown property goes first: it is often the misspelt one that is then missing.
  const rank = ({ keyword }: ValidationError) => (UNKNOWN.has(keyword) ? 0 : 1);
  const sorted = ofFittingBranch(schema, value, errors).toSorted((a, b) => rank(a) - rank(b));
  const found = sorted.flatMap((error) => describe(schema, value, error));
  return found.filter((one, i) => found.findIndex((other) => same(one, other)) === i);
}

/**
 * `value`, known to fit `schema`.
 * @param where What the value is, for the error: `query`, `body`.
 * @throws {WeirError} `REQUEST_INVALID` naming the first wrong property.
 */
export function validated<S extends TSchema>(schema: S, value: unknown, where: string): Static<S> {
  const [first] = complaints(schema, value);
  if (first === undefined) return value as Static<S>;
  const at = first.path === '' ? where : `${where}: ${first.path}`;
  throw new WeirError('REQUEST_INVALID', { where: at, problem: first.problem });
}

function same(a: Complaint, b: Complaint): boolean {
  return a.path === b.path && a.problem === b.problem;
}

/**
 * Errors without those of alternatives that were not meant: a mapping or a list is judged by the alternatives of its own
 * type, anything else by all of them together.
 */
function ofFittingBranch(
  schema: TSchema,
  value: unknown,
  errors: readonly ValidationError[],
): readonly ValidationError[] {
  let left = errors;
  for (const { keyword, schemaPath, instancePath } of errors) {
    if (keyword !== 'anyOf') continue;
    const branches = at(schema, schemaPath)['anyOf'] as readonly { readonly type?: string }[];
    const type = containerType(valueAt(value, instancePath));
    const fits = (i: number) => type !== undefined && branches[i]?.type === type;
    const some = branches.some((_, i) => fits(i));
    left = left.filter((error) => {
      if (error.schemaPath === schemaPath && error.keyword === 'anyOf') return !some;
      const branch = branchOf(error, schemaPath, instancePath);
      return branch === undefined || fits(branch);
    });
  }
  return left;
}

function containerType(value: unknown): string | undefined {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' && value !== null ? 'object' : undefined;
}

/** The alternative, of those at a place, that an error is about. */
function branchOf(error: ValidationError, schemaPath: string, instancePath: string): number | undefined {
  const start = `${schemaPath}/anyOf/`;
  const inside = error.instancePath === instancePath || error.instancePath.startsWith(`${instancePath}/`);
  if (!inside || !error.schemaPath.startsWith(start)) return undefined;
  return Number.parseInt(error.schemaPath.slice(start.length), 10);
}

function describe(schema: TSchema, value: unknown, error: ValidationError): Complaint[] {
  const path = dotted(error.instancePath);
  const wanted = at(schema, error.schemaPath);
  switch (error.keyword) {
    case 'boolean': {
      // One for each unknown property goes ahead of `additionalProperties`, which is missing where there are too many.
      const [name = '', ...above] = segments(error.instancePath).reverse();
      const parent = at(schema, error.schemaPath.replace(/\/additionalProperties$/, ''));
      return [unknownProperty(above.reverse().join('.'), name, parent)];
    }
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => unknownProperty(path, name, wanted));
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path,
        problem: `"${name}" is missing${meaning((wanted['properties'] as Record<string, object>)?.[name] ?? {})}`,
      }));
    case 'minProperties':
      return [
        { path, problem: `must not be empty: give ${Object.keys(wanted['properties'] ?? {}).join(' or ')}` },
      ];
    case 'uniqueItems':
      return [{ path, problem: 'must not have the same item twice' }];
    default:
      return [{ path, problem: wrongValue(wanted, valueAt(value, error.instancePath), error.keyword) }];
  }
}

function unknownProperty(path: string, name: string, schema: Record<string, object>): Complaint {
  const known = Object.keys(schema['properties'] ?? {});
  return { path, problem: `unknown property "${name}"${didYouMeanOr(name, known)}`, unknown: name };
}

/**
 * `must be an integer from 1 to 4094, not 5000`. Text of the wrong form is not repeated, because somebody may have put a
 * secret there.
 */
function wrongValue(wanted: Record<string, object>, given: unknown, keyword: string): string {
  const text = typeof given === 'string';
  const choices = wanted['enum'];
  const hint = text && Array.isArray(choices) ? didYouMean(given, choices.map(String)) : '';
  if (hint !== '') return `must be ${expected(wanted)}${hint}`;
  const about = text || keyword === 'anyOf' ? meaning(wanted) : '';
  if (text && takesText(wanted)) return `must be ${expected(wanted)}${about}`;
  return `must be ${expected(wanted)}, not ${described(given)}${Array.isArray(choices) ? '' : about}`;
}

function takesText({ type, anyOf }: Record<string, object>): boolean {
  return (type as unknown) === 'string' || (Array.isArray(anyOf) && anyOf.some(takesText));
}

function dotted(pointer: string): string {
  return segments(pointer).join('.');
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(value: unknown, pointer: string): unknown {
  let node = value;
  for (const key of segments(pointer)) node = (node as Record<string, unknown>)[key];
  return node;
}

function at(schema: TSchema, pointer: string): Record<string, object> {
  let node: unknown = schema;
  for (const key of segments(pointer)) node = (node as Record<string, unknown>)[key];
  return node as Record<string, object>;
}
