// SPDX-License-Identifier: Apache-2.0

/** Statistics that most drivers have, under fixed names. */
const WELL_KNOWN = new Set([
  ...['received_bytes', 'received_dropped', 'received_errors', 'received_packets'],
  ...['transmitted_bytes', 'transmitted_errors', 'transmitted_packets'],
]);

/** node_exporter's metric name for a name of `ethtool -S`. */
export function ethtoolMetricName(statistic: string): string {
  const words = statistic
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/^_+/, '')
    .split('_')
    .map((word) => (word === 'rx' ? 'received' : word === 'tx' ? 'transmitted' : word))
    .join('_');
  return `node_ethtool_${words}${WELL_KNOWN.has(words) ? '_total' : ''}`;
}

/**
 * Metric names for the statistics of a device; undefined for those whose name would not be unique.
 *
 * @returns One for each statistic, in order.
 */
export function ethtoolMetricNames(statistics: readonly string[]): readonly (string | undefined)[] {
  const names = statistics.map(ethtoolMetricName);
  const seen = new Map<string, number>();
  for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
  return names.map((name) => (seen.get(name) === 1 ? name : undefined));
}
