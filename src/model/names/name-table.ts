// SPDX-License-Identifier: Apache-2.0

/** Names of numbers, as the kernel's user space knows them. */
export type NameTable = Readonly<Record<number, string>>;

/** The name of `value`, or its decimal digits when it has none. */
export function nameOf(table: NameTable, value: number): string {
  return table[value] ?? String(value);
}
