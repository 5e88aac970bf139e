// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import type { Attributes, Setting } from '../link/setting.ts';
import type { QdiscOptions } from './kind.ts';
import { parseRate, parseSize, parseTime, renderRate, renderSize, renderTime } from './units.ts';

/** A setting of a qdisc or class. */
export interface QdiscSetting extends Setting {
  /** Canonical value of what `tc -j` would show or leave out, where `canonical` does not take that. */
  readonly observed?: (shown: never) => unknown;
  /** Only a document has it: `settled` makes others of it. */
  readonly folded?: true;
}

/** Settings by the names of documents. */
export type QdiscSettings = Readonly<Record<string, QdiscSetting>>;

/** Complains about a setting of a kind by its name. */
export type ComplainOf = (name: string, problem: string) => void;

/** How qdiscs of one kind, or their classes, are declared and written. */
export interface DeclaredOptions {
  readonly settings: QdiscSettings;
  readonly required?: readonly string[];
  /** Settings that depend on each other, brought to what the kernel will report. All are canonical by themselves. */
  readonly settled?: (settings: Spec, complain: ComplainOf) => Spec;
  /** All settings in one, in place of the attributes of each: the kernel takes what is absent for zero. */
  readonly whole?: (settings: Spec) => Attributes;
  /** Canonical settings that are more than what `tc -j` shows. */
  readonly seen?: (options: QdiscOptions) => Spec;
}

/** How one kind of qdisc is declared. */
export interface DeclaredQdisc extends DeclaredOptions {
  readonly kind: string;
  /** Kernel option that brings it. */
  readonly config: string;
  /** Where it stands when nothing is said; `root` when absent. */
  readonly place?: 'ingress' | 'clsact';
  /** Classes that a document declares. Other classes come with their qdisc. */
  readonly classes?: DeclaredOptions;
}

type Parse = (value: string | number) => number;
type Render = (value: number) => string;

function quantity(name: string, description: string, parse: Parse, render: Render): QdiscSetting {
  return {
    schema: Quantity(description),
    canonical: (value: string | number) => render(parse(value)),
    attributes: (value: string) => ({ [name]: parse(value) }),
  };
}

/** A rate. */
export const rate = (name: string, description: string): QdiscSetting =>
  quantity(name, `${description}: 50mbit, or bytes per second`, parseRate, renderRate);
/** A number of bytes. */
export const size = (name: string, description: string): QdiscSetting =>
  quantity(name, `${description}: 32kb, or bytes`, parseSize, renderSize);
/** A time. */
export const time = (name: string, description: string): QdiscSetting =>
  quantity(name, `${description}: 10ms, or microseconds`, parseTime, renderTime);
/** A time that the kernel keeps in units of 1024 ns (include/net/codel.h CODEL_SHIFT), and so a little shorter. */
export function codelTime(name: string, description: string): QdiscSetting {
  const start = (units: number) => renderTime(Math.ceil(units * 1.024));
  return {
    ...time(name, description),
    canonical: (value: string | number) => start(Math.floor(parseTime(value) / 1.024)),
    // Its own time in microseconds is cut off once more when it is reported.
    observed: (us: number | undefined) => (us === undefined ? undefined : start(Math.ceil(us / 1.024))),
  };
}

/** A switch that `whole` writes. */
export const wholeSwitch = (description: string): QdiscSetting => ({
  schema: Type.Boolean({ description }),
  silent: false,
  attributes: () => ({}),
});

/** The setting, made into others by `settled`. */
export const folded = (setting: QdiscSetting): QdiscSetting => ({ ...setting, folded: true });

/** A quantity as text with its unit, or as a number. */
export function Quantity(description: string): TSchema {
  return Type.Union(
    [Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]+(\\.[0-9]+)?[A-Za-z]+$' })],
    { description },
  );
}

/** A probability as the kernel scales it: `1%` or 0.01. */
export const Probability = (description: string): TSchema =>
  Type.Union(
    [Type.Number({ minimum: 0, maximum: 1 }), Type.String({ pattern: '^[0-9]{1,3}(\\.[0-9]{1,12})?%$' })],
    { description: `${description}: 1%, or 0.01` },
  );
