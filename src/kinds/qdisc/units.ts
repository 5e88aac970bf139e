// SPDX-License-Identifier: Apache-2.0
// Rates, sizes and times as tc writes them. A plain number is in the unit of `tc -j`.
import { WeirError } from '../../base/errors.ts';

/** One kind of quantity: its units, from the one that is written last to the first. */
interface Quantity {
  readonly name: string;
  /** What a plain number counts. */
  readonly base: string;
  readonly maximum: number;
  /** Base units per unit, as a fraction that stays exact. */
  readonly units: Readonly<Record<string, readonly [times: number, per: number]>>;
  /** Units of the canonical text, from large to small; the last one fits any whole number. */
  readonly written: readonly string[];
  readonly example: string;
}

const BIT_RATES = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 };
const BINARY_RATES = { kibit: 2 ** 10, mibit: 2 ** 20, gibit: 2 ** 30 };
const BYTE_RATES = { bps: 1, kbps: 1e3, mbps: 1e6, gbps: 1e9, tbps: 1e12 };
const per = (list: Readonly<Record<string, number>>, divisor: number) =>
  Object.fromEntries(Object.entries(list).map(([unit, times]) => [unit, [times, divisor] as const]));

const RATE: Quantity = {
  name: 'rate',
  base: 'bytes per second',
  // In bits it is still an exact number.
  maximum: 1e15,
  units: { ...per(BIT_RATES, 8), ...per(BINARY_RATES, 8), ...per(BYTE_RATES, 1) },
  written: ['tbit', 'gbit', 'mbit', 'kbit', 'bit'],
  example: '50mbit',
};

const [KIB, MIB, GIB] = [2 ** 10, 2 ** 20, 2 ** 30] as const;
const SIZE: Quantity = {
  name: 'size',
  base: 'bytes',
  maximum: 0xffff_ffff,
  units: {
    ...per({ b: 1, k: KIB, kb: KIB, m: MIB, mb: MIB, g: GIB, gb: GIB }, 1),
    ...per({ kbit: KIB, mbit: MIB, gbit: GIB }, 8),
  },
  written: ['gb', 'mb', 'kb', 'b'],
  example: '32kb',
};

const TIME: Quantity = {
  name: 'time',
  base: 'microseconds',
  maximum: 0xffff_ffff,
  units: per({ us: 1, usec: 1, ms: 1e3, msec: 1e3, s: 1e6, sec: 1e6 }, 1),
  written: ['s', 'ms', 'us'],
  example: '10ms',
};

const FINE_TIME: Quantity = {
  name: 'time',
  base: 'nanoseconds',
  maximum: 1e15,
  units: per({ ns: 1, us: 1e3, usec: 1e3, ms: 1e6, msec: 1e6, s: 1e9, sec: 1e9 }, 1),
  written: ['s', 'ms', 'us', 'ns'],
  example: '10ms',
};

/** Bytes per second of `50mbit` or `6250kbps`. @throws {WeirError} `VALUE`. */
export const parseRate = (value: string | number): number => parse(RATE, value);
/** The text of a rate in bytes per second. */
export const renderRate = (value: number): string => render(RATE, value);
/** Bytes of `32kb`, where a kilobyte is 1024 of them. @throws {WeirError} `VALUE`. */
export const parseSize = (value: string | number): number => parse(SIZE, value);
/** The text of a number of bytes. */
export const renderSize = (value: number): string => render(SIZE, value);
/** Microseconds of `10ms`. @throws {WeirError} `VALUE`. */
export const parseTime = (value: string | number): number => parse(TIME, value);
/** The text of a number of microseconds. */
export const renderTime = (value: number): string => render(TIME, value);
/** Nanoseconds of `10ms` or `500ns`. @throws {WeirError} `VALUE`. */
export const parseFineTime = (value: string | number): number => parse(FINE_TIME, value);
/** The text of a number of nanoseconds. */
export const renderFineTime = (value: number): string => render(FINE_TIME, value);

const TEXT = /^(\d{1,16})(?:\.(\d{1,9}))?([a-z]+)$/;

function parse(quantity: Quantity, value: string | number): number {
  const found = typeof value === 'number' ? value : fromText(quantity, value);
  if (!Number.isInteger(found)) throw wrong(quantity, value, `is no whole number of ${quantity.base}`);
  if (found < 0 || found > quantity.maximum) throw wrong(quantity, value, 'is beyond what the kernel takes');
  return found;
}

function fromText(quantity: Quantity, text: string): number {
  const [, whole = '', fraction = '', unit = ''] = TEXT.exec(text.toLowerCase()) ?? [];
  const scale = quantity.units[unit];
  if (scale === undefined || !Object.hasOwn(quantity.units, unit))
    throw wrong(quantity, text, `write a number with a unit, such as ${quantity.example}`);
  const [times, divisor] = scale;
  // Exact: 4.1mbit times a million is no whole number in floating point.
  const digits = BigInt(whole + fraction) * BigInt(times);
  const parts = 10n ** BigInt(fraction.length) * BigInt(divisor);
  return digits % parts === 0n ? Number(digits / parts) : Number.NaN;
}

function render({ units, written }: Quantity, value: number): string {
  for (const unit of written) {
    const [times, divisor] = units[unit] as readonly [number, number];
    const count = (value * divisor) / times;
    if (value !== 0 && Number.isInteger(count)) return `${count}${unit}`;
  }
  return `${value}${written.at(-1)}`;
}

function wrong({ name }: Quantity, value: string | number, problem: string): WeirError {
  return new WeirError('VALUE', { what: `${name} ${JSON.stringify(value)}`, problem });
}
