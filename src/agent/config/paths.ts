// SPDX-License-Identifier: Apache-2.0
import { SettingsSchema } from './schema.ts';

/** The parts of a JSON Schema that settings are walked by. */
export interface SchemaNode {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
}

/** A value of the settings file, at any depth. */
export type Tree = Record<string, unknown>;

/** Every setting that holds a value rather than further settings, by its dotted path. */
export const LEAVES: ReadonlyMap<string, SchemaNode> = new Map(leaves(SettingsSchema as SchemaNode, ''));

function* leaves(node: SchemaNode, prefix: string): Generator<[string, SchemaNode]> {
  for (const [name, child] of Object.entries(node.properties ?? {}))
    if (child.properties === undefined) yield [`${prefix}${name}`, child];
    else yield* leaves(child, `${prefix}${name}.`);
}

/** The variable of a setting: `http.limits.bodyBytes` is `WEIR_HTTP_LIMITS_BODY_BYTES`. */
export function variableOf(path: string): string {
  const words = path.replace(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('.', '_');
  return `WEIR_${words.toUpperCase()}`;
}

/** `tree` with every default that its schema gives for what is absent. */
export function withDefaults(node: SchemaNode, tree: Tree): Tree {
  const filled: Tree = { ...tree };
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (!Object.hasOwn(filled, name) && child.default !== undefined)
      filled[name] = structuredClone(child.default);
    const value = filled[name];
    if (child.properties !== undefined && isTree(value)) filled[name] = withDefaults(child, value);
  }
  return filled;
}

/** `tree` with the value at a dotted path replaced. */
export function withValue(tree: Tree, path: string, value: unknown): Tree {
  const [head = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...tree, [head]: value };
  const below = tree[head];
  return { ...tree, [head]: withValue(isTree(below) ? below : {}, rest.join('.'), value) };
}

/** True for what YAML calls a mapping. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
