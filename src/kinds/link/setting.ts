// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import { parseIp, parseMac, renderIp, renderMac } from '../../base/ip.ts';
import type { Spec } from '../../model/object.ts';
import { altHex } from '../fields.ts';

/** Attributes of a kind under construction, by the codec's names. */
export type Attributes = Record<string, unknown>;

/** Index of a device by its name. */
export type IfindexOf = (name: string) => number;

/** How one setting of a kind, of a port or of the link itself is declared. The rendering of observed values is the kind's. */
export interface Setting {
  readonly schema: TSchema;
  /** The kernel sets it at creation only. */
  readonly fixed?: true;
  /** The value names a device that must exist first. */
  readonly device?: true;
  /** The value that a new device has: not written to one, and meant where the kernel reports nothing. */
  readonly silent?: unknown;
  /** As the kernel will report it. @throws {WeirError} `VALUE`. */
  readonly canonical?: (value: never) => unknown;
  /** The attributes that carry a canonical value. */
  readonly attributes: (value: never, ifindex: IfindexOf) => Attributes;
}

/** Settings by the names of documents. */
export type Settings = Readonly<Record<string, Setting>>;

/** How the settings of one link kind are declared and written. */
export interface DeclaredKind {
  readonly kind: string;
  readonly settings: Settings;
  /** Kernel option that brings the kind. */
  readonly config: string;
  /** It stands on another device: `link` is required. */
  readonly lower?: true;
  /** A change must repeat every setting: the kernel takes what is absent for zero. */
  readonly repeats?: true;
  /** Settings that the kernel cannot go without. */
  readonly required?: readonly string[];
  /** What is wrong with settings that fit the schema, by name. */
  readonly check?: (spec: Spec) => readonly (readonly [name: string, problem: string])[];
  /** Settings that differ and cannot be changed in place, where it depends on their values. */
  readonly fixed?: (before: Spec, after: Spec) => readonly string[];
  /** Joins what several settings share: `changed` are those to write, `all` what the device shall have. */
  readonly joined?: (
    changed: Spec,
    all: Spec,
    before: Spec | undefined,
    netns: (name: string) => number,
  ) => Attributes;
}

/** The setting, fixed at creation. */
export function fixed(setting: Setting): Setting {
  return { ...setting, fixed: true };
}

/** An integer. */
export function number(name: string, description: string, minimum: number, maximum: number): Setting {
  return {
    schema: Type.Integer({ description, minimum, maximum }),
    attributes: (value: number) => ({ [name]: value }),
  };
}

/** An integer in 64 bits. */
export function wide(name: string, description: string): Setting {
  return {
    schema: Type.Integer({ description, minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    attributes: (value: number) => ({ [name]: BigInt(value) }),
  };
}

/** A switch that `ip` shows as 0 or 1. */
export function bit(name: string, description: string): Setting {
  return number(name, `${description}: 0 or 1`, 0, 1);
}

/** A switch that `ip` shows as true or false. */
export function onOff(name: string, description: string): Setting {
  return {
    schema: Type.Boolean({ description }),
    attributes: (value: boolean) => ({ [name]: value ? 1 : 0 }),
  };
}

/** A switch that the kernel reports, or `ip` shows, only while it is on. */
export function whenOn(name: string, description: string): Setting {
  return { ...onOff(name, description), silent: false };
}

/** The same as a flag: an attribute without payload. */
export function flag(name: string, description: string): Setting {
  return {
    schema: Type.Boolean({ description }),
    silent: false,
    attributes: (value: boolean) => (value ? { [name]: true } : {}),
  };
}

/** One of the words, whose place (or number in the map) is the value. */
export function word(
  name: string,
  description: string,
  words: readonly string[] | Readonly<Record<number, string>>,
): Setting {
  const numbers = new Map(Object.entries(words).map(([value, text]) => [text as string, Number(value)]));
  return {
    schema: Type.Enum([...numbers.keys()], { description }),
    attributes: (value: string) => ({ [name]: numbers.get(value) }),
  };
}

/** A number in hexadecimal, as text or as a number. */
export function hexadecimal(name: string, description: string, maximum: number): Setting {
  return {
    schema: Type.Union(
      [Type.Integer({ minimum: 0, maximum }), Type.String({ pattern: '^(0|0x[0-9a-f]{1,8})$' })],
      { description: `${description}: 0 to ${altHex(maximum)}` },
    ),
    silent: '0',
    canonical: (value: number | string) => altHex(Number(value)),
    attributes: (value: string) => ({ [name]: Number(value) }),
  };
}

/** A hardware address. */
export function mac(name: string, description: string): Setting {
  return {
    schema: Type.String({ description }),
    canonical: (value: string) => renderMac(parseMac(value)),
    attributes: (value: string) => ({ [name]: parseMac(value) }),
  };
}

/** An IP address: in `four`, or in `six` where there is one. */
export function ip(four: string | undefined, six: string | undefined, description: string): Setting {
  return {
    schema: Type.String({ description }),
    canonical: (value: string) => renderIp(parseIp(value)),
    attributes(value: string) {
      const bytes = parseIp(value);
      return { [(bytes.length === 4 ? four : six) as string]: bytes };
    },
  };
}

/** Name of a device that must exist. */
export function device(name: string, description: string): Setting {
  return {
    schema: DeviceName(description),
    device: true,
    attributes: (value: string, ifindex) => ({ [name]: ifindex(value) }),
  };
}

/** A setting that `joined` writes with others. */
export function shared(schema: TSchema, canonical?: (value: never) => unknown, silent?: unknown): Setting {
  const more = { ...(canonical && { canonical }), ...(silent !== undefined && { silent }) };
  return { schema, attributes: () => ({}), ...more };
}

/** A device's name. */
export function DeviceName(description: string): TSchema {
  return Type.String({
    description: `${description}: at most 15 characters, without blank, slash or colon`,
    pattern: '^(?!\\.{1,2}$)[^/:\\s]{1,15}$',
  });
}
