// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import type { Complain } from '../object-class.ts';
import type { DeclaredOptions } from './setting.ts';

/** Settings with the name of their kind. */
type Shape = Pick<DeclaredOptions, 'settings'> & { readonly kind: string };

/** The kinds that have settings. */
export function withSettings<S extends Shape>(shapes: readonly S[]): readonly S[] {
  return shapes.filter(({ settings }) => Object.keys(settings).length > 0);
}

/** Properties of an item: the settings of each kind under its name. */
export function closed(shapes: readonly Shape[], what: string): Record<string, TSchema> {
  const entries = withSettings(shapes).map(({ kind, settings }) => {
    const fields = Object.entries(settings).map(([name, { schema }]) => [name, Type.Optional(schema)]);
    const own = Type.Object(Object.fromEntries(fields) as Record<string, TSchema>, {
      additionalProperties: false,
      description: `${what} ${kind}`,
    });
    return [kind, Type.Optional(own)];
  });
  return Object.fromEntries(entries);
}

/** Complains about settings of another kind than the item's. */
export function foreignOptions(shapes: readonly Shape[], item: Spec, complain: Complain): void {
  for (const { kind } of withSettings(shapes))
    if (item[kind] !== undefined && item['kind'] !== kind)
      complain(kind, `belongs to kind ${kind}: set \`kind: ${kind}\` or leave it out`);
}
