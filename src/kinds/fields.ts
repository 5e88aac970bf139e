// SPDX-License-Identifier: Apache-2.0
import { renderIp, renderMac } from '../base/ip.ts';

/** Rendered settings of a kind, by the names that `ip -d` or `tc` use. */
export type Fields = Record<string, unknown>;

/** The fields that have a value. */
export function present(fields: Fields): Fields {
  const kept: Fields = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept;
}

/** C's `%#x`: `0x8`, but `0` for zero. */
export function altHex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`;
}

/** `render(value)`, or undefined when there is no value. */
export function given<T, R>(value: T | undefined, render: (value: T) => R): R | undefined {
  return value === undefined ? undefined : render(value);
}

/** A number that is a switch, as a boolean. */
export function isSet(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0;
}

/** `true` when the switch is on, nothing when it is off or absent. */
export function whenSet(value: number | undefined): true | undefined {
  return value !== undefined && value !== 0 ? true : undefined;
}

/** The value unless it is zero. */
export function unlessZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

/** The address unless it is all zeros. */
export function addressUnlessAny(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined || bytes.every((byte) => byte === 0) ? undefined : renderIp(bytes);
}

/** A u64 as a number: exact up to 2^53, which no setting and no packet count of a device reaches. */
export function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Jiffies of USER_HZ (1/100 s, fixed by the kernel's ABI) in seconds. */
export function seconds(ticks: bigint | undefined): number | undefined {
  return ticks === undefined ? undefined : Number(ticks) / 100;
}

/**
 * Settings of a kind that Weir has no file for: the codec's names in snake case, bytes as addresses or hex.
 */
export function genericFields(data: object): Fields {
  const fields: Fields = {};
  for (const [key, value] of Object.entries(data))
    if (key !== 'kind' && key !== 'unknown') fields[snake(key)] = genericValue(value);
  return fields;
}

function genericValue(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return value.length === 4 || value.length === 16 ? renderIp(value) : renderMac(value);
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(genericValue);
  return typeof value === 'object' && value !== null ? genericFields(value) : value;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}
