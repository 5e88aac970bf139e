// SPDX-License-Identifier: Apache-2.0
// What is wrong with a truth table itself, whoever wrote it.
import { messageOf } from '../../src/base/errors.ts';
import { parseIp } from '../../src/base/ip.ts';
import { didYouMean } from '../../src/base/suggest.ts';
import { complaints } from '../../src/base/validate.ts';
import { hasPorts, listens } from './cells.ts';
import { type TableCheck, type TableEndpoint, TableField, type TruthTable } from './table.ts';

/** What is wrong with a table, and what of it nobody looks at. */
export interface TableProblems {
  /** Each with its place: `steps.2.checks.0.except.1: …`. The table cannot be judged. */
  readonly errors: readonly string[];
  readonly notes: readonly string[];
}

/** Checks the form of a value that is to be a table, and the names and addresses in it. */
export function tableProblems(value: unknown): TableProblems {
  const found = complaints(TableField, value);
  const text = ({ path, problem }: { path: string; problem: string }) =>
    path === '' ? problem : `${path}: ${problem}`;
  const notes = found.filter(({ unknown }) => unknown !== undefined).map(text);
  const errors = found.filter(({ unknown }) => unknown === undefined).map(text);
  if (errors.length > 0) return { errors, notes };
  const inside = contents(value as TruthTable);
  return { errors: inside.errors, notes: [...notes, ...inside.notes] };
}

function contents({ endpoints, steps }: TruthTable): TableProblems {
  const errors: string[] = [];
  const notes: string[] = [];
  const known = new Map<string, TableEndpoint>();
  const add = (one: TableEndpoint, path: string) => {
    errors.push(...endpointErrors(one, path, known.get(one.name)));
    known.set(one.name, one);
  };
  endpoints.forEach((one, i) => {
    if (known.has(one.name)) errors.push(`endpoints.${i}.name: there is another ${one.name}`);
    add(one, `endpoints.${i}`);
  });
  steps.forEach((step, i) => {
    step.endpoints?.forEach((one, at) => {
      add(one, `steps.${i}.endpoints.${at}`);
    });
    step.checks?.forEach((check, at) => {
      const path = `steps.${i}.checks.${at}`;
      const wrong = checkErrors(check, path, known);
      errors.push(...wrong);
      if (wrong.length === 0) notes.push(...idlePairs(check, path, known));
    });
  });
  return { errors, notes };
}

function endpointErrors(
  { addresses }: TableEndpoint,
  path: string,
  before: TableEndpoint | undefined,
): readonly string[] {
  const errors = addresses.flatMap((text, i) => {
    try {
      parseIp(text);
      return [];
    } catch (error) {
      return [`${path}.addresses.${i}: ${messageOf(error)}`];
    }
  });
  if (before !== undefined && before.addresses.join() !== addresses.join())
    errors.push(`${path}.addresses: must stay ${before.addresses.join(' and ')}: the endpoint lives on`);
  return errors;
}

function checkErrors(
  { protocol, port, except = [], from = [], to = [] }: TableCheck,
  path: string,
  known: ReadonlyMap<string, TableEndpoint>,
): readonly string[] {
  const errors: string[] = [];
  if (!hasPorts(protocol) && port !== undefined)
    errors.push(`${path}.port: ${protocol} has none: leave it out`);
  if (hasPorts(protocol) && port === undefined) errors.push(`${path}: "port" is missing: a number`);
  const name = (one: string, place: string) => {
    if (!known.has(one))
      errors.push(`${path}.${place}: there is no endpoint ${one}${didYouMean(one, known.keys())}`);
  };
  for (const [i, pair] of except.entries())
    for (const [at, one] of pair.entries()) name(one, `except.${i}.${at}`);
  for (const [i, one] of from.entries()) name(one, `from.${i}`);
  for (const [i, one] of to.entries()) name(one, `to.${i}`);
  return errors;
}

/** Exceptions that no cell is for. */
function idlePairs(
  check: TableCheck,
  path: string,
  known: ReadonlyMap<string, TableEndpoint>,
): readonly string[] {
  const { except = [], to, protocol, port } = check;
  return except.flatMap(([from = '', target = ''], i) => {
    const why = (text: string) => [`${path}.except.${i}: ${text}`];
    if (from === target) return why(`${from} is no pair of different endpoints`);
    if (!listens(known.get(target) as TableEndpoint, check))
      return why(`${target} does not listen on ${protocol} ${port}`);
    return to === undefined || to.includes(target) ? [] : why(`${target} is not among "to"`);
  });
}
