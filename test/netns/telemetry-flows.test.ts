// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { flows as collector } from '../../src/metrics/flows.ts';
import { flows } from '../../src/programs/flows.ts';
import { runTelemetry } from '../helpers/telemetry.ts';
import { namespacePair, seriesOf } from '../helpers/telemetry-pair.ts';

const SIZE = 'weir_packet_size_bytes';
const PROTOCOL = 'weir_packets_by_protocol_total';

const bucket = (direction: string, le: string) =>
  `${SIZE}_bucket{device="v0",direction="${direction}",le="${le}"}`;

test('packets are counted by size and protocol in both directions', async () => {
  await using pair = await namespacePair('wBflow');
  using running = runTelemetry(flows);
  // 142 and 1042 bytes with their headers
  pair.left.exec('ping', '-q', '-c', '5', '-i', '0.01', '-s', '100', '10.9.0.2');
  pair.left.exec('ping', '-q', '-c', '3', '-i', '0.01', '-s', '1000', '10.9.0.2');

  for (const ns of [pair.left, pair.right]) {
    const series = await seriesOf(ns, collector, running.maps);
    for (const direction of ['receive', 'transmit']) {
      expect(series.get(bucket(direction, '128'))).toBe(0);
      expect(series.get(bucket(direction, '256'))).toBe(5);
      expect(series.get(bucket(direction, '1024'))).toBe(5);
      expect(series.get(bucket(direction, '2048'))).toBe(8);
      expect(series.get(bucket(direction, '+Inf'))).toBe(8);
      expect(series.get(`${SIZE}_sum{device="v0",direction="${direction}"}`)).toBe(5 * 142 + 3 * 1042);
      expect(series.get(`${PROTOCOL}{device="v0",direction="${direction}",protocol="icmp"}`)).toBe(8);
    }
    expect([...series.keys()].filter((key) => key.startsWith(PROTOCOL))).toHaveLength(2);
  }
});
