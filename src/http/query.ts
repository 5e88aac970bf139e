// SPDX-License-Identifier: Apache-2.0
import type { TSchema } from 'typebox';

/** The parts of a property's schema that decide how its text is read. */
interface PropertySchema {
  readonly type?: string;
}

/**
 * A parsed query string with the types that `schema` declares. Only what is written exactly so is converted: integers
 * in plain decimal digits, `true` and `false`, and lists separated by commas or by repetition. The rest stays text
 * for the validator to refuse.
 */
export function readQuery(schema: TSchema, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const properties = (schema as { properties?: Record<string, PropertySchema> }).properties ?? {};
  const query: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(raw)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    query[name] = readValue(property?.type, value);
  }
  return query;
}

function readValue(type: string | undefined, value: unknown): unknown {
  if (type === 'array') return [value].flat().flatMap((one) => (one === '' ? [] : String(one).split(',')));
  if (type === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
