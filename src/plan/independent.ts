// SPDX-License-Identifier: Apache-2.0
import { OBJECT_CLASSES } from '../kinds/classes.ts';
import type { DocumentKind } from './document.ts';

const known = new Map<DocumentKind, boolean>();

/** True for a kind of document whose objects have nothing to do with any object of another document. */
export function isIndependent(kind: DocumentKind): boolean {
  const found = known.get(kind) ?? look(kind);
  known.set(kind, found);
  return found;
}

function look(kind: DocumentKind): boolean {
  const classes = OBJECT_CLASSES.filter(({ section, imports = [] }) =>
    [section, ...imports.map((one) => one.section)].some((one) => one?.document === kind),
  );
  return classes.length > 0 && classes.every(({ independent }) => independent === true);
}
