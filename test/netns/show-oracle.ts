// SPDX-License-Identifier: Apache-2.0
// Compares what Weir shows with what `ip -d -j` and `tc -s -j` show: every key that they print, in depth.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

type Json = unknown;
type Row = Readonly<Record<string, Json>>;

/** A key whose value depends on the moment of reading, with how far apart two readings may be. */
export interface Clock {
  readonly key: string;
  readonly tolerance: number;
  readonly why: string;
}

export interface Comparison {
  /** Reads the oracle. */
  readonly theirs: () => readonly Row[];
  /** Reads Weir. */
  readonly ours: () => Promise<readonly object[]>;
  readonly clocks?: readonly Clock[];
  /** Keys that Weir shows beyond the oracle, each with a reason. */
  readonly beyond: Readonly<Record<string, string>>;
}

/** What was compared. */
export interface Compared {
  readonly objects: number;
  readonly fields: number;
}

/**
 * Read the oracle, Weir, and the oracle again, until both oracle readings agree: then nothing changed in
 * between and Weir must agree with them object by object.
 */
export async function compare(comparison: Comparison): Promise<Compared> {
  const clocks = new Map((comparison.clocks ?? []).map((clock) => [clock.key, clock.tolerance]));
  for (let attempt = 0; attempt < 40; attempt++) {
    const before = comparison.theirs();
    const ours = JSON.parse(JSON.stringify(await comparison.ours())) as readonly Row[];
    const after = comparison.theirs();
    if (timeless(before, clocks) === timeless(after, clocks))
      return check(before, ours, clocks, comparison.beyond);
    await sleep(250);
  }
  throw new Error('the oracle did not come to rest');
}

function timeless(rows: readonly Row[], clocks: ReadonlyMap<string, number>): string {
  return JSON.stringify(rows, (key, value) => (clocks.has(key) ? 0 : value));
}

function check(
  theirs: readonly Row[],
  ours: readonly Row[],
  clocks: ReadonlyMap<string, number>,
  beyond: Readonly<Record<string, string>>,
): Compared {
  let fields = 0;
  const differences: string[] = [];
  const say = (path: string, their: Json, our: Json) =>
    differences.push(`${path}: oracle ${JSON.stringify(their)}, Weir ${JSON.stringify(our)}`);
  const walk = (path: string, key: string, their: Json, our: Json): void => {
    const tolerance = clocks.get(key);
    if (Array.isArray(their) && Array.isArray(our)) {
      if (their.length !== our.length) say(`${path}.length`, their.length, our.length);
      for (const [i, item] of their.entries()) walk(`${path}[${i}]`, '', item, our[i]);
    } else if (isRow(their) && isRow(our)) {
      for (const name of Object.keys(their)) walk(`${path}.${name}`, name, their[name], our[name]);
      for (const name of Object.keys(our))
        if (!(name in their) && !(name in beyond)) say(`${path}.${name}`, undefined, our[name]);
    } else {
      fields++;
      const close = tolerance !== undefined && Math.abs(Number(their) - Number(our)) <= tolerance;
      if (their !== our && !close) say(path, their, our);
    }
  };
  walk('', '', theirs, ours);
  expect(differences).toEqual([]);
  return { objects: theirs.length, fields };
}

function isRow(value: Json): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parse JSON in which a tunnel repeats keys of the object that it belongs to: the second is renamed to
 * `encap_<key>`, as Weir does. A plain parser would lose the first.
 */
export function parseWithTunnels(text: string): Row[] {
  const open: Set<string>[] = [];
  const renamed = text.replace(/"((?:[^"\\]|\\.)*)"(:?)|[{}]/g, (token, key: string, colon: string) => {
    if (token === '{') open.push(new Set());
    if (token === '}') open.pop();
    if (colon !== ':') return token;
    const seen = open.at(-1) as Set<string>;
    if (seen.has(key)) return `"encap_${key}":`;
    seen.add(key);
    return token;
  });
  return JSON.parse(renamed) as Row[];
}
