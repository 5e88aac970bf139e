// SPDX-License-Identifier: Apache-2.0
import type { Static, TSchema } from 'typebox';
import { Errors } from 'typebox/schema';
import { WeirError } from './errors.ts';
import { didYouMean } from './suggest.ts';

/** One thing that is wrong with a value. */
export interface Complaint {
  /** Dotted path of the property, '' for the value itself. */
  readonly path: string;
  readonly problem: string;
  /** Name of the property that is there and should not be. */
  readonly unknown?: string;
}

type ValidationError = ReturnType<typeof Errors>[1][number];

/** All that is wrong with `value`, each thing once, in words that name the property; empty when it is valid. */
export function complaints(schema: TSchema, value: unknown): readonly Complaint[] {
  const [valid, errors] = Errors(schema, value);
  if (valid) return [];
  // An unknown property goes first: it is often the misspelt one that is then missing.
  const rank = ({ keyword }: ValidationError) => (keyword === 'additionalProperties' ? 0 : 1);
  const sorted = errors.toSorted((a, b) => rank(a) - rank(b));
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

function describe(schema: TSchema, value: unknown, error: ValidationError): Complaint[] {
  const path = dotted(error.instancePath);
  switch (error.keyword) {
    case 'boolean': // stands beside additionalProperties
      return [];
    case 'additionalProperties': {
      const known = Object.keys(at(schema, error.schemaPath)['properties'] ?? {});
      return error.params.additionalProperties.map((name) => ({
        path,
        problem: `unknown property "${name}"${didYouMean(name, known)}`,
        unknown: name,
      }));
    }
    case 'required':
      return error.params.requiredProperties.map((name) => ({ path, problem: `"${name}" is missing` }));
    case 'enum': {
      const choices = error.params.allowedValues.map(String);
      const given = valueAt(value, error.instancePath);
      const hint = typeof given === 'string' ? didYouMean(given, choices) : '';
      return [{ path, problem: `must be one of ${choices.join(', ')}${hint}` }];
    }
    case 'pattern': {
      const meaning = at(schema, error.schemaPath)['description'];
      return [{ path, problem: `${error.message}${meaning === undefined ? '' : ` (${meaning})`}` }];
    }
    default:
      return [{ path, problem: error.message }];
  }
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
