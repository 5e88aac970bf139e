// SPDX-License-Identifier: Apache-2.0
import { isTree, type SchemaNode } from './paths.ts';
import { SettingsSchema } from './schema.ts';

/** JSON Schema of the settings file, for editors: as {@link SettingsSchema}, with what has a default optional. */
export function settingsJsonSchema(): object {
  const body = relax(structuredClone(SettingsSchema) as SchemaNode & { required?: string[] });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of the Weir agent',
    ...body,
  };
}

function relax<T extends SchemaNode & { required?: string[] }>(node: T): T {
  const properties = node.properties ?? {};
  const required = node.required?.filter((name) => properties[name]?.default === undefined);
  if (required?.length === 0) delete node.required;
  else if (required !== undefined) node.required = required;
  for (const child of Object.values(properties)) if (isTree(child)) relax(child as T);
  return node;
}
