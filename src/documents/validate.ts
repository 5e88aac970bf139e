// SPDX-License-Identifier: Apache-2.0
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { Compile, type Validator } from 'typebox/schema';
import type { PlacedProblem } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { type Complaint, complaints } from '../base/validate.ts';
import type { Section } from '../kinds/object-class.ts';
import { itemsOf, MAX_PROBLEMS } from '../plan/desired.ts';
import {
  apiVersionOf,
  DOCUMENT_KINDS,
  type Document,
  type DocumentKind,
  type DocumentValue,
  documentName,
  type Position,
} from '../plan/document.ts';
import { documentSchema, formOf, itemSchema, sectionsOf } from './schema.ts';

/** Levels of a document, many more than any kind has. */
const MAX_DEPTH = 100;

/** Characters of a name that a message repeats: as many as a name may have. */
const MAX_NAME = 253;

/** A value that may be a document. */
export interface Candidate {
  readonly value: unknown;
  readonly file?: string;
  readonly locate?: (path: string) => Position | undefined;
}

/** Valid documents, and what is wrong with the others. With problems the documents are not to be used. */
export interface Parsed {
  readonly documents: readonly Document[];
  readonly problems: readonly PlacedProblem[];
}

/** Checks values against the schema of their kind. At most 100 problems are told. */
export function validateDocuments(values: readonly unknown[]): Parsed {
  return validateCandidates(values.map((value) => ({ value })));
}

/** The same of values that know where they stand. */
export function validateCandidates(candidates: readonly Candidate[]): Parsed {
  const problems: PlacedProblem[] = [];
  const documents = new Map<string, Document>();
  for (const given of candidates) {
    const candidate = { ...given, value: withoutNothing(given.value) };
    const name = nameOf(candidate.value);
    const report = ({ path, problem, unknown }: Complaint) => {
      const at = candidate.locate?.(unknown === undefined ? path : joined(path, unknown));
      const file = candidate.file;
      if (problems.length < MAX_PROBLEMS)
        problems.push({ path, problem, ...(name && { document: name }), ...(file && { file }), ...at });
    };
    const found = problemsOf(candidate.value);
    found.forEach(report);
    if (found.length > 0 || name === undefined) continue;
    const other = documents.get(name);
    if (other !== undefined) report({ path: 'metadata.name', problem: twice(name, other.file) });
    documents.set(name, { ...candidate, name, value: candidate.value as DocumentValue });
  }
  return { documents: [...documents.values()], problems };
}

function twice(name: string, file: string | undefined): string {
  return `there is another ${name}${file === undefined ? '' : ` in ${file}`}: give each a name of its own`;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `Network/uplink`, as far as the value says so. */
function nameOf(value: unknown): string | undefined {
  const metadata = isMapping(value) ? value['metadata'] : undefined;
  const name = isMapping(metadata) ? metadata['name'] : undefined;
  const kind = isMapping(value) ? value['kind'] : undefined;
  if (typeof name !== 'string' || typeof kind !== 'string' || name.length > MAX_NAME) return undefined;
  const namespace = isMapping(metadata) ? metadata['namespace'] : undefined;
  return documentName(kind, name, typeof namespace === 'string' ? namespace : undefined);
}

/** What an object of Kubernetes says: a field that is null is not there, nor is one with a status. */
function withoutNothing(value: unknown): unknown {
  const form = isMapping(value) && isKind(value['kind']) ? formOf(value['kind']) : undefined;
  if (form?.kubernetes !== true) return value;
  const { status: _, ...rest } = withoutNulls(value) as Readonly<Record<string, unknown>>;
  return form.bare ? { spec: {}, ...rest } : rest;
}

function withoutNulls(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((one) => withoutNulls(one, depth + 1));
  if (!isMapping(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value))
    if (inner !== null)
      Object.defineProperty(kept, key, {
        value: withoutNulls(inner, depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  return kept;
}

function isKind(kind: unknown): kind is DocumentKind {
  return DOCUMENT_KINDS.includes(kind as DocumentKind);
}

function problemsOf(value: unknown): readonly Complaint[] {
  if (!isMapping(value))
    return [{ path: '', problem: 'a document is a mapping with apiVersion, kind, metadata and spec' }];
  const { apiVersion, kind } = value;
  if (!isKind(kind)) return [{ path: 'kind', problem: wrongKind(kind) }];
  if (apiVersion !== undefined && apiVersion !== apiVersionOf(kind))
    return [{ path: 'apiVersion', problem: `must be ${apiVersionOf(kind)}` }];
  const { schema, compiled } = outline(kind);
  if (!compiled.Check(value)) return complaints(schema, value);
  const spec = value['spec'] as Readonly<Record<string, unknown>>;
  const found: Complaint[] = [];
  for (const section of sectionsOf(kind)) if (!section.whole) checkItems(section, spec[section.name], found);
  return found;
}

function wrongKind(kind: unknown): string {
  const kinds = `${DOCUMENT_KINDS.slice(0, -1).join(', ')} or ${DOCUMENT_KINDS.at(-1)}`;
  if (kind === undefined) return `"kind" is missing: ${kinds}`;
  const hint = didYouMean(String(kind), DOCUMENT_KINDS);
  return `must be ${kinds}${hint}`;
}

/** A schema with its fast check, which says only whether all is well. */
interface Checked {
  readonly schema: TSchema;
  readonly compiled: Validator;
}

const outlines = new Map<DocumentKind, Checked>();

/** The schema of a kind with anything for items. */
function outline(kind: DocumentKind): Checked {
  const known = outlines.get(kind);
  if (known !== undefined) return known;
  const schema = documentSchema(kind, () => Type.Unknown());
  const made = { schema, compiled: Compile(schema) };
  outlines.set(kind, made);
  return made;
}

const checks = new Map<Section, Checked>();

function checkOf(section: Section) {
  const known = checks.get(section);
  if (known !== undefined) return known;
  const schema = itemSchema(section);
  const made = { schema, compiled: Compile(schema) };
  checks.set(section, made);
  return made;
}

/** The compiled schema looks at each item, and only one that does not fit is looked at again for what is wrong. */
function checkItems(section: Section, value: unknown, found: Complaint[]): void {
  const { schema, compiled } = checkOf(section);
  for (const { item, path } of itemsOf(section, value)) {
    const checked = section.mapping ? item['value'] : item;
    if (compiled.Check(checked)) continue;
    for (const one of complaints(schema, checked)) found.push({ ...one, path: joined(path, one.path) });
    if (found.length >= MAX_PROBLEMS) return;
  }
}

function joined(path: string, rest: string): string {
  return [path, rest].filter((part) => part !== '').join('.');
}
