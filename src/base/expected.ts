// SPDX-License-Identifier: Apache-2.0
// What a schema wants and what it got, in words for people.

/** The parts of JSON Schema that Weir's schemas use. */
interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly description?: string;
  readonly properties?: object;
  readonly patternProperties?: object;
  readonly items?: Node;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Characters of a given value that a message repeats. */
const SHOWN = 40;

/**
 * `an integer from 1 to 4094`, `one of up, down`.
 * @param explained Another part of the message says what a text looks like.
 */
export function expected(schema: object, explained = (schema as Node).description !== undefined): string {
  const node = schema as Node;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined)
    return node.enum.length === 1 ? String(node.enum[0]) : `one of ${node.enum.join(', ')}`;
  if (node.anyOf !== undefined)
    return [...new Set(node.anyOf.map((one) => expected(one, explained)))].join(' or ');
  switch (node.type) {
    case 'integer':
      return `an integer${range(node)}${node.multipleOf === undefined ? '' : `, a multiple of ${node.multipleOf}`}`;
    case 'number':
      return `a number${range(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return list(node);
    case 'object':
      return mapping(node);
    default:
      return text(node, explained);
  }
}

/** ` (Device of its qdisc)`: what a field is for, when its schema says so. */
export function meaning(schema: object): string {
  const { description } = schema as Node;
  return description === undefined ? '' : ` (${description})`;
}

/** `"seven"`, `7`, `a list of 2`. Long text is not repeated: nobody would find the mistake in it. */
export function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  return value.length > SHOWN ? 'such a text' : JSON.stringify(value);
}

function range({ minimum, maximum }: Node): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`;
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}

function list({ items, minItems, maxItems }: Node): string {
  const what = items?.type === 'string' ? 'texts' : 'items';
  const limits = count(minItems, maxItems, what);
  return `a list${limits === '' && what === 'texts' ? ' of texts' : limits}`;
}

function mapping({ properties, patternProperties }: Node): string {
  const names = Object.keys(properties ?? {});
  if (names.length === 0)
    return patternProperties === undefined ? 'a mapping' : 'a mapping from names to values';
  return `a mapping with ${names.length > 3 ? `${names.slice(0, 3).join(', ')} and so on` : names.join(', ')}`;
}

function text({ pattern, format, minLength, maxLength }: Node, explained: boolean): string {
  if (format !== undefined) return `text of the form ${format}`;
  if (pattern !== undefined) return explained ? 'text' : `text that fits ${pattern}`;
  return `text${count(minLength, maxLength, 'characters')}`;
}

function count(least: number | undefined, most: number | undefined, what: string): string {
  if (least === undefined || least === 0) return most === undefined ? '' : ` of at most ${most} ${what}`;
  if (most === undefined) return ` of at least ${least} ${what}`;
  return ` of ${least} to ${most} ${what}`;
}
