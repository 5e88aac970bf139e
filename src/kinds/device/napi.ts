// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import type { Spec } from '../../model/object.ts';

/** A setting of a device that is one file of sysfs (net/core/net-sysfs.c). */
export interface NapiSetting {
  /** Field of the item and name of the file. */
  readonly name: string;
  readonly schema: TSchema;
  fromNumber(value: number): number | boolean;
}

/** In the order in which they are written. */
export const NAPI_SETTINGS: readonly NapiSetting[] = [
  {
    name: 'gro_flush_timeout',
    schema: Type.Integer({
      description: 'Nanoseconds that received frames wait to be joined',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
    fromNumber: (value) => value,
  },
  {
    name: 'napi_defer_hard_irqs',
    schema: Type.Integer({
      description: 'Empty polls before interrupts are on again',
      minimum: 0,
      maximum: 0x7fff_ffff,
    }),
    fromNumber: (value) => value,
  },
  {
    name: 'threaded',
    schema: Type.Boolean({ description: 'Receive in threads of their own instead of in interrupts' }),
    fromNumber: (value) => value !== 0,
  },
];

/** What has to be written to make `before` be `after`: pairs of file and text. */
export function napiWrites(before: Spec, after: Spec): readonly (readonly [file: string, text: string])[] {
  return NAPI_SETTINGS.flatMap(({ name }) => {
    const value = after[name];
    return value === undefined || value === before[name] ? [] : [[name, `${Number(value)}\n`] as const];
  });
}
