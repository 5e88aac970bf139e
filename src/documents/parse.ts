// SPDX-License-Identifier: Apache-2.0
import {
  isMap,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type Document as YamlDocument,
} from 'yaml';
import { messageOf, type PlacedProblem } from '../base/errors.ts';
import { described } from '../base/expected.ts';
import { MAX_PROBLEMS } from '../plan/desired.ts';
import type { Position } from '../plan/document.ts';
import { type Candidate, type Parsed, validateCandidates } from './validate.ts';

/** A text with documents. */
export interface DocumentFile {
  readonly name: string;
  readonly text: string;
}

/** Characters of one file. A hundred thousand routes have eight million. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Uses of one anchor together; more is taken for an attempt to fill the memory. */
const MAX_ALIASES = 100;

/**
 * The documents of the files, YAML 1.2 or JSON: several in one file, a list of them, or `{documents: [...]}`.
 * Never throws; at most 100 problems are told, each with its place.
 */
export function parseDocuments(files: readonly DocumentFile[]): Parsed {
  const problems: PlacedProblem[] = [];
  const candidates: Candidate[] = [];
  for (const file of files) {
    const found = candidatesOf(file);
    if ('problems' in found) problems.push(...found.problems);
    else candidates.push(...found.candidates);
  }
  const valid = validateCandidates(candidates);
  return {
    documents: valid.documents,
    problems: [...problems, ...valid.problems].slice(0, MAX_PROBLEMS),
  };
}

type Found = { readonly candidates: readonly Candidate[] } | { readonly problems: readonly PlacedProblem[] };

function candidatesOf(file: DocumentFile): Found {
  const problem = (text: string, at?: Position): PlacedProblem => ({
    path: '',
    problem: text,
    file: file.name,
    ...at,
  });
  if (file.text.length > MAX_CHARACTERS)
    return { problems: [problem(`the file has more than ${MAX_CHARACTERS} characters: split it`)] };
  try {
    const values = jsonValues(file.text) ?? yamlValues(file.text, problem);
    if (values.some((one) => 'problem' in one))
      return { problems: values.flatMap((one) => ('problem' in one ? [one.problem] : [])) };
    const roots = values.flatMap((one) => ('problem' in one ? [] : [one.value]));
    return { candidates: roots.flatMap((value, i) => unfolded(value, locator(file.text, i), file.name)) };
  } catch (error) {
    return { problems: [problem(`cannot be read: ${messageOf(error)}`)] };
  }
}

type Value = { readonly value: unknown } | { readonly problem: PlacedProblem };

/** The value of a text that is JSON; undefined for one that is not, which may be YAML all the same. */
function jsonValues(text: string): readonly Value[] | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return [{ value: JSON.parse(text) as unknown }];
  } catch {
    return undefined;
  }
}

function yamlValues(text: string, problem: (text: string, at?: Position) => PlacedProblem): readonly Value[] {
  const counter = new LineCounter();
  const values: Value[] = [];
  for (const document of yamlDocuments(text, counter)) {
    const wrong = [
      ...[...document.errors, ...document.warnings].map(({ message, pos }) => ({
        text: message.split('\n')[0] as string,
        offset: pos[0],
      })),
      ...repeatedKeys(document),
    ];
    for (const { text: what, offset } of wrong) {
      const { line, col } = counter.linePos(offset);
      values.push({ problem: problem(what, { line, column: col }) });
    }
    if (wrong.length > 0) continue;
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    values.push({ value });
  }
  return values;
}

/** Keys that a mapping has twice. The parser itself would compare each with all of the others. */
function repeatedKeys(document: YamlDocument.Parsed): readonly { text: string; offset: number }[] {
  const found: { text: string; offset: number }[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const known = new Set<string>();
      for (const { key } of items) {
        const name = String(key);
        if (known.has(name))
          found.push({ text: `${described(name)} is there twice`, offset: (key as Node).range?.[0] ?? 0 });
        known.add(name);
      }
    },
  });
  return found;
}

function yamlDocuments(text: string, lineCounter: LineCounter): readonly YamlDocument.Parsed[] {
  const found = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    stringKeys: true,
    prettyErrors: false,
    lineCounter,
  });
  return 'empty' in found ? [] : found;
}

/** The documents inside a value; an empty one, as between two `---`, is none. */
function unfolded(
  value: unknown,
  locate: (path: string) => Position | undefined,
  file: string,
): readonly Candidate[] {
  if (value === null) return [];
  if (Array.isArray(value))
    return value.map((one: unknown, i) => ({
      value: one,
      file,
      locate: (path) => locate(path === '' ? `${i}` : `${i}.${path}`),
    }));
  const list = listIn(value);
  if (list !== undefined) return unfolded(list.items, (path) => locate(`${list.name}.${path}`), file);
  return [{ value, file, locate }];
}

/** The documents in `{documents: [...]}` and in a List, as `kubectl get -o yaml` writes several objects. */
function listIn(value: unknown): { readonly name: string; readonly items: readonly unknown[] } | undefined {
  if (typeof value !== 'object') return undefined;
  const { documents, items, kind } = value as Readonly<Record<string, unknown>>;
  if (Array.isArray(documents) && Object.keys(value as object).length === 1)
    return { name: 'documents', items: documents };
  return kind === 'List' && Array.isArray(items) ? { name: 'items', items } : undefined;
}

/** Finds places in the `index`-th document of a text, which is read again for that when somebody asks. */
function locator(text: string, index: number): (path: string) => Position | undefined {
  let parsed: { readonly root: unknown; readonly counter: LineCounter } | undefined;
  return (path) => {
    if (parsed === undefined) {
      const counter = new LineCounter();
      parsed = { root: yamlDocuments(text, counter)[index]?.contents, counter };
    }
    const offset = offsetOf(parsed.root, path === '' ? [] : path.split('.'));
    if (offset === undefined) return undefined;
    const { line, col } = parsed.counter.linePos(offset);
    return { line, column: col };
  };
}

/** Where the value at a path stands, or as much of it as there is. Names may have dots in them. */
function offsetOf(root: unknown, path: readonly string[]): number | undefined {
  let node = root as Node | null | undefined;
  let offset = node?.range?.[0];
  let rest = path;
  while (rest.length > 0) {
    const step = stepInto(node, rest);
    if (step === undefined) break;
    ({ node, offset, rest } = step);
  }
  return offset;
}

function stepInto(node: unknown, path: readonly string[]) {
  if (isSeq(node)) {
    const item = node.items[Number(path[0])] as Node | undefined;
    return item && { node: item, offset: item.range?.[0], rest: path.slice(1) };
  }
  if (!isMap(node)) return undefined;
  for (let length = 1; length <= path.length; length++) {
    const name = path.slice(0, length).join('.');
    const pair = node.items.find(({ key }) => String(key) === name);
    if (pair !== undefined)
      return { node: pair.value as Node, offset: (pair.key as Node).range?.[0], rest: path.slice(length) };
  }
  return undefined;
}
