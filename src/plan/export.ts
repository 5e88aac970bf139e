// SPDX-License-Identifier: Apache-2.0
import { OBJECT_CLASSES, objectClass } from '../kinds/classes.ts';
import type { NetObject } from '../model/object.ts';
import { API_VERSION, type DocumentKind, type DocumentSpec, type DocumentValue } from './document.ts';

/** Items of one document by the names of its sections. */
interface Sections {
  readonly kind: DocumentKind;
  readonly netns: string;
  readonly sections: Map<string, unknown[]>;
}

/**
 * Documents that declare what is there and take it over: planning them changes nothing. One of each kind for each
 * namespace that has something to declare.
 */
export function exportDocuments(objects: Iterable<NetObject>): readonly DocumentValue[] {
  const specs = new Map<string, Sections>();
  for (const { netns, class: name, spec } of sorted(objects)) {
    const { section, item } = objectClass(name);
    if (section === undefined || item === undefined) continue;
    const id = `${netns} ${section.document}`;
    const known = specs.get(id) ?? { kind: section.document, netns, sections: new Map() };
    specs.set(id, known);
    const items = known.sections.get(section.name);
    if (items === undefined) known.sections.set(section.name, [item(spec)]);
    else items.push(item(spec));
  }
  return [...specs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => documentOf(one));
}

/** By key, numbers by their value: what was made anew stands where it stood. */
function sorted(objects: Iterable<NetObject>): readonly NetObject[] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return [...objects].sort((a, b) => compare(a.key, b.key));
}

function documentOf({ kind, netns, sections }: Sections): DocumentValue {
  const spec: Record<string, unknown> = { ...(netns !== '' && { netns }), adopt: true };
  for (const { section } of OBJECT_CLASSES) {
    const items = section && sections.get(section.name);
    if (section === undefined || items === undefined) continue;
    spec[section.name] = section.mapping ? mappingOf(items) : items;
  }
  const name = netns === '' ? 'node' : `node-${documentName(netns)}`;
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec: spec as DocumentSpec };
}

function mappingOf(items: readonly unknown[]): Record<string, unknown> {
  const entries = items as readonly { readonly name: string; readonly value: unknown }[];
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

/** A namespace's name in the letters that a document's may have. */
function documentName(netns: string): string {
  return netns
    .toLowerCase()
    .replace(/[^-a-z0-9.]/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 58);
}
