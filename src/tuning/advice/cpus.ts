// SPDX-License-Identifier: Apache-2.0

/** CPUs as the mask that sysfs takes: 0 and 1 are `3`, groups of 32 with commas. */
export function maskOf(cpus: readonly number[]): string {
  const bits = cpus.reduce((mask, cpu) => mask | (1n << BigInt(cpu)), 0n);
  return bits.toString(16).replace(/(?!^)(?=(?:.{8})+$)/g, ',');
}
