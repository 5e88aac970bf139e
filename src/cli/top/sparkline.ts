// SPDX-License-Identifier: Apache-2.0

const BARS = '▁▂▃▄▅▆▇█';

/**
 * The last `width` values as bars, each device against its own highest, the newest at the right end.
 */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const highest = Math.max(...shown, 0);
  const bar = (value: number) => {
    const level = highest === 0 ? 0 : Math.round((value / highest) * (BARS.length - 1));
    return BARS[level] ?? '';
  };
  return shown.map(bar).join('').padStart(width);
}
