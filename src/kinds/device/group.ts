// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Wire } from '../../base/wire.ts';
import type { Encoder } from '../../codec/encoder.ts';
import type { HeaderAttrs } from '../../codec/generated/ethtool.ts';
import type { Spec } from '../../model/object.ts';

/** Settings of a device that one pair of commands of the ethtool family gets and sets. */
export interface Group {
  /** Field of the item. */
  readonly name: string;
  readonly schema: TSchema;
  readonly get: number;
  readonly set: number;
  /** The request that reads the group. */
  ask(out: Encoder, header: HeaderAttrs): void;
  /** What the reply says, under the names of documents. */
  decode(wire: Wire, start: number, end: number): Spec;
  /** Writes the request that makes `before` be `after`; undefined when it would change nothing. */
  change(before: Spec, after: Spec): ((out: Encoder, header: HeaderAttrs) => void) | undefined;
}

/** A setting of a group whose settings are attributes: what it is, and that it is a switch. */
interface Setting {
  readonly attr: string;
  readonly schema: TSchema;
  readonly flag: boolean;
}

/** A number. */
export function count(attr: string, description: string): Setting {
  return { attr, schema: Type.Integer({ description, minimum: 0, maximum: 0xffff_ffff }), flag: false };
}

/** A switch. */
export function flag(attr: string, description: string): Setting {
  return { attr, schema: Type.Boolean({ description }), flag: true };
}

type Attrs = Readonly<Record<string, unknown>>;

/** A group whose settings are attributes of the same message, for reading and for writing. */
export function attributeGroup<T extends { readonly header?: HeaderAttrs }>(
  parts: Pick<Group, 'name' | 'get' | 'set'> & {
    readonly description: string;
    readonly settings: Readonly<Record<string, Setting>>;
    encode(out: Encoder, attrs: T): void;
    decode(wire: Wire, start: number, end: number): T;
  },
): Group {
  const { name, get, set, description, settings, encode, decode } = parts;
  const fields = Object.entries(settings);
  const properties = Object.fromEntries(fields.map(([field, { schema }]) => [field, Type.Optional(schema)]));
  return {
    name,
    get,
    set,
    schema: Type.Object(properties, { description, additionalProperties: false }),
    ask: (out, header) => encode(out, { header } as T),
    decode(wire, start, end) {
      const attrs: Attrs = { ...decode(wire, start, end) };
      const seen = fields.filter(([, { attr }]) => attrs[attr] !== undefined);
      return Object.fromEntries(
        seen.map(([field, { attr, flag }]) => [field, flag ? attrs[attr] !== 0 : attrs[attr]]),
      );
    },
    change(before, after) {
      const changed = Object.entries(after).filter(([field, value]) => before[field] !== value);
      if (changed.length === 0) return undefined;
      const attrs = changed.map(([field, value]) => [settings[field]?.attr, Number(value)]);
      return (out, header) => encode(out, { header, ...Object.fromEntries(attrs) } as T);
    },
  };
}
