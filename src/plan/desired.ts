// SPDX-License-Identifier: Apache-2.0
import type { PlacedProblem } from '../base/errors.ts';
import { OBJECT_CLASSES, objectClass } from '../kinds/classes.ts';
import type { Import, ObjectClass, Section } from '../kinds/object-class.ts';
import { type ObjectId, objectId } from '../model/object.ts';
import { circles } from './circles.ts';
import { type Document, type DocumentSpec, type DocumentValue, hasSettings } from './document.ts';
import type { DesiredObject, Origin } from './plan.ts';

/** At most this many mistakes are told at once. */
export const MAX_PROBLEMS = 100;

/** What documents declare. With problems the objects are not to be used. */
export interface Declaration {
  readonly objects: readonly DesiredObject[];
  readonly problems: readonly PlacedProblem[];
}

type Item = Readonly<Record<string, unknown>>;

/**
 * The canonical objects that the documents declare, each with where it stands.
 * @param others What documents beside them declare, by id: nothing may be declared twice.
 */
export function desiredObjects(
  documents: readonly Document[],
  others?: (id: ObjectId) => DesiredObject | undefined,
): Declaration {
  const problems: PlacedProblem[] = [];
  const objects = new Map<ObjectId, DesiredObject>();
  const byName = new Map(documents.map((document) => [document.name, document]));
  const report = (document: Document, path: string, problem: string) => {
    if (problems.length < MAX_PROBLEMS) problems.push(placed(document, path, problem));
  };
  for (const document of documents) {
    const found = declaredIn(document);
    for (const { path, problem } of found.problems) report(document, path, problem);
    for (const object of found.objects) {
      const other = objects.get(object.id) ?? others?.(object.id);
      if (other === undefined) objects.set(object.id, object);
      else report(document, object.origin.path, twice(object.id, other.origin, byName));
    }
  }
  const declared = [...objects.values()].map((object) => paired(object, objects));
  if (problems.length === 0)
    for (const circle of circles(declared)) {
      const [first] = circle as [DesiredObject];
      const document = byName.get(first.origin.document) as Document;
      const names = [...circle, first].map(({ id }) => id).join(' -> ');
      report(document, first.origin.path, `needs itself: ${names}; take one of these links out`);
    }
  return { objects: declared, problems };
}

function paired(object: DesiredObject, objects: ReadonlyMap<ObjectId, DesiredObject>): DesiredObject {
  const { netns, class: name, spec } = object;
  const { paired: pair } = objectClass(name);
  if (pair === undefined) return object;
  const together = pair(spec, (key) => objects.get(objectId(netns, name, key))?.spec);
  return together === spec ? object : { ...object, spec: together };
}

function twice(id: ObjectId, origin: Origin, documents: ReadonlyMap<string, Document>): string {
  // what came without a file may be a document of the revision that holds
  const besides = origin.file === undefined ? ', or drop the documents that are not given, with --prune' : '';
  return `${id} is declared already at ${placeOf(origin, documents)}: keep one of the two${besides}`;
}

/** Where something stands, for people: `uplink.yaml:7 (Network/uplink spec.links.0)`. */
function placeOf(origin: Origin, documents: ReadonlyMap<string, Document>): string {
  const inside = `${origin.document} ${origin.path}`;
  if (origin.file === undefined) return inside;
  const line = documents.get(origin.document)?.locate?.(origin.path)?.line;
  return `${origin.file}${line === undefined ? '' : `:${line}`} (${inside})`;
}

function placed(document: Document, path: string, problem: string): PlacedProblem {
  const { name, file, locate } = document;
  return { path, problem, document: name, ...(file !== undefined && { file }), ...locate?.(path) };
}

interface Found {
  readonly file: string | undefined;
  readonly objects: readonly DesiredObject[];
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
}

/** What documents declare, as long as somebody has them: of thousands a change touches a few. */
const known = new WeakMap<DocumentValue, Found>();

function declaredIn(document: Document): Found {
  const { value, file } = document;
  const before = known.get(value);
  if (before !== undefined && before.file === file) return before;
  const problems: { readonly path: string; readonly problem: string }[] = [];
  const objects = [...declaredBy(document, (path, problem) => problems.push({ path, problem }))];
  const found = { file, objects, problems };
  known.set(value, found);
  return found;
}

function* declaredBy(
  document: Document,
  complain: (path: string, problem: string) => void,
): Iterable<DesiredObject> {
  const { kind } = document.value;
  for (const one of OBJECT_CLASSES)
    for (const { section, declare } of waysOf(one))
      if (section.document === kind)
        for (const { item, path } of itemsIn(section, document.value))
          yield* declaredByItem(document, declare, item, path, complain);
}

function waysOf({ section, declare, imports = [] }: ObjectClass): readonly Import[] {
  return section === undefined || declare === undefined ? imports : [{ section, declare }, ...imports];
}

function itemsIn(
  section: Section,
  { metadata, spec }: DocumentValue,
): Iterable<{ item: Item; path: string }> {
  if (!section.whole) return itemsOf(section, spec[section.name]);
  if (section.form !== undefined) return [{ item: { metadata, spec }, path: '' }];
  const { netns: _, adopt: __, drift: ___, ...item } = spec;
  return [{ item: { ...item, name: metadata.name }, path: 'spec' }];
}

/** The items of a section with their places. */
export function* itemsOf(section: Section, value: unknown): Iterable<{ item: Item; path: string }> {
  if (value === undefined) return;
  const root = `spec.${section.name}`;
  if (section.mapping)
    for (const [name, inner] of Object.entries(value as Item))
      yield { item: { name, value: inner }, path: `${root}.${name}` };
  else {
    const list = value as readonly Item[];
    for (let i = 0; i < list.length; i++) yield { item: list[i] as Item, path: `${root}.${i}` };
  }
}

function joined(path: string, rest: string): string {
  if (rest === '') return path;
  return path === '' ? rest : `${path}.${rest}`;
}

/** The settings of a document; one with a form of its own has none, whatever its item calls so. */
function settingsOf({ kind, spec }: DocumentValue): DocumentSpec {
  return hasSettings(kind) ? spec : {};
}

function withoutAdopt({ adopt: _, ...rest }: Item): Item {
  return rest;
}

function* declaredByItem(
  document: Document,
  declare: Import['declare'],
  item: Item,
  path: string,
  complain: (path: string, problem: string) => void,
): Iterable<DesiredObject> {
  const { name, file, value } = document;
  const reason = document.reasons?.get(path);
  const { netns = '', adopt = false, drift = 'report' } = settingsOf(value);
  const { adopt: own } = item;
  const found = declare(own === undefined ? item : withoutAdopt(item), (at, problem) => {
    complain(joined(path, at), problem);
  });
  for (const one of found) {
    const kind = objectClass(one.class);
    const key = kind.key(one.spec);
    const origin = {
      document: name,
      path: joined(path, one.path),
      ...(file !== undefined && { file }),
      ...(reason !== undefined && { reason }),
    };
    const id = objectId(netns, one.class, key);
    yield {
      ...{ id, netns, class: one.class, key, spec: one.spec, origin },
      adopt: adopt || own === true,
      drift: kind.drift ?? drift,
    };
  }
}
