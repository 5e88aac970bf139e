// SPDX-License-Identifier: Apache-2.0
import { Document, isMap, isSeq, type Node } from 'yaml';
import type { DocumentValue } from '../plan/document.ts';

/** Documents as YAML, one behind the other. An item without nested values takes one line. */
export function renderDocuments(values: readonly DocumentValue[]): string {
  return values.map(renderOne).join('---\n');
}

function renderOne(value: DocumentValue): string {
  const document = new Document(value, { version: '1.2', schema: 'core', aliasDuplicateObjects: false });
  const spec = document.get('spec');
  if (isMap(spec))
    for (const { value: section } of spec.items)
      if (isSeq(section)) for (const item of section.items) if (isFlat(item)) item.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function isFlat(item: unknown): item is Node & { flow: boolean } {
  return (
    isMap(item) && item.items.length <= 8 && item.items.every(({ value }) => !isMap(value) && !isSeq(value))
  );
}
