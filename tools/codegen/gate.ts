// SPDX-License-Identifier: Apache-2.0
// The gate: what a spec says about structs and numbers must be what the headers say, or be explained in the
// overlay.
import type { Headers } from './headers.ts';
import type { Family, Field, Layout, Value } from './model.ts';
import { cName } from './names.ts';
import type { Spec } from './spec.ts';
import { specLayout } from './spec-layout.ts';

/**
 * Differences between spec and headers that the overlay does not explain, and explanations without a
 * difference.
 */
export function checkFamily(spec: Spec, family: Family, headers: Headers): string[] {
  return [...checkStructs(spec, headers), ...checkNumbers(spec, family, headers), ...checkCycles(family)];
}

function checkStructs(spec: Spec, headers: Headers): string[] {
  const problems: string[] = [];
  for (const def of spec.definitions.filter((candidate) => candidate.type === 'struct')) {
    const actual = headers.layout(cName(def.name));
    const explained = spec['struct-differences'][def.name];
    const problem = actual === undefined ? 'not in the headers' : compare(specLayout(spec, def), actual);
    if (problem !== undefined && explained === undefined)
      problems.push(`${spec.name}: struct ${def.name}: ${problem}`);
    if (problem === undefined && explained !== undefined)
      problems.push(`${spec.name}: struct ${def.name}: the overlay explains a difference that is not there`);
  }
  return problems;
}

function compare(spec: Layout, actual: Layout): string | undefined {
  if (spec.size !== actual.size) return `${spec.size} bytes in the spec, ${actual.size} in the headers`;
  const places = (layout: Layout) => layout.fields.filter((f) => !f.pad && !f.alternative).map(place);
  const a = places(spec).join(' ');
  const b = places(actual).join(' ');
  return a === b ? undefined : `members in the spec at ${a}, in the headers at ${b}`;
}

const place = (field: Field) => `${field.offset}`;

function checkNumbers(spec: Spec, family: Family, headers: Headers): string[] {
  const problems: string[] = [];
  const patterns = Object.entries(spec['absent-constants']).map(([reason, text]) => ({
    reason,
    test: new RegExp(`^(${text})$`),
  }));
  const attrs = family.sets.flatMap((set) => set.attrs.filter((attr) => attr.value.t !== 'ignore'));
  for (const { cname, type } of attrs) {
    const actual = headers.constants.get(cname);
    const explained = patterns.some(({ test }) => test.test(cname));
    if (actual === undefined && !explained)
      problems.push(`${spec.name}: ${cname} (${type}) is not in the headers`);
    if (actual !== undefined && actual !== type)
      problems.push(`${spec.name}: ${cname} is ${type} in the spec, ${actual} in the headers`);
  }
  for (const { reason, test } of patterns) {
    const used = attrs.some(({ cname }) => test.test(cname) && !headers.constants.has(cname));
    if (!used) problems.push(`${spec.name}: the overlay explains "${reason}", which no constant needs`);
  }
  return problems;
}

/** Nesting must end by itself: then the depth of a decoder is bounded without counting. */
function checkCycles(family: Family): string[] {
  const inside = new Map(
    family.sets.map((set) => [set.name, set.attrs.flatMap(({ value }) => setsOf(family, value))]),
  );
  const reaches = (from: string, seen: ReadonlySet<string>): string | undefined => {
    if (seen.has(from)) return from;
    for (const next of inside.get(from) ?? []) {
      const found = reaches(next, new Set([...seen, from]));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const cycles = new Set(
    family.sets.map(({ name }) => reaches(name, new Set())).filter((name) => name !== undefined),
  );
  return [...cycles].map((name) => `${family.name}: ${name} nests itself`);
}

function setsOf(family: Family, value: Value): string[] {
  switch (value.t) {
    case 'nest':
    case 'headed':
    case 'records':
      return [value.set];
    case 'array':
    case 'keyed':
      return setsOf(family, value.of);
    case 'sub': {
      const sub = family.subs.find(({ name }) => name === value.sub);
      return sub?.formats.flatMap(({ set }) => (set === undefined ? [] : [set])) ?? [];
    }
    default:
      return [];
  }
}
