// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { link, second } from '../../../test/helpers/samples.ts';
import { type ChosenMetric, GUARDS, METRICS, metricNamed } from './metrics.ts';
import { mean, median, rankTest } from './statistics.ts';
import { type Comparison, compare, verdictOf } from './verdict.ts';

const upTo = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
/** Values without any order in time. */
const shuffled = (values: readonly number[]) => values.toSorted((a, b) => ((a * 7) % 11) - ((b * 7) % 11));

describe('the rank test', () => {
  it('gives what the books give', () => {
    // U = 64, mean 32, deviation sqrt(8 * 8 * 17 / 12) = 9.522: z = (32 - 0.5) / 9.522 = 3.308
    const { superiority, pLarger } = rankTest(shuffled(upTo(8)), shuffled(upTo(8, 100)));
    expect(superiority).toBe(1);
    expect(pLarger).toBeCloseTo(0.000_47, 5);
    // Hollander and Wolfe, permeability of membranes: W = 30 of 50 pairs, not significant
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const weeks = [1.15, 0.88, 0.9, 0.74, 1.21];
    const one = rankTest(weeks, term);
    expect(one.superiority).toBeCloseTo(35 / 50, 10);
    expect(one.pLarger).toBeGreaterThan(0.1);
  });

  it('sees nothing in equal windows, and less in those whose samples resemble their neighbours', () => {
    expect(rankTest([3, 3, 3], [3, 3, 3])).toEqual({ superiority: 0.5, pLarger: 1, pSmaller: 1 });
    expect(rankTest([], [])).toEqual({ superiority: 0.5, pLarger: 1, pSmaller: 1 });
    const drifting = rankTest(upTo(20), upTo(20, 6)).pLarger;
    const mixed = rankTest(shuffled(upTo(20)), shuffled(upTo(20, 6))).pLarger;
    expect(drifting).toBeGreaterThan(mixed * 5);
  });

  it('is the same seen from the other side', () => {
    const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [there, back] = [rankTest(a, b), rankTest(b, a)];
        expect(there.superiority).toBeCloseTo(1 - back.superiority, 10);
        expect(there.pLarger).toBeCloseTo(back.pSmaller, 10);
        for (const p of [there.pLarger, there.pSmaller]) expect(p >= 0 && p <= 1).toBe(true);
      }),
    );
  });

  it('calls chance a difference no more often than it says', () => {
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return seed / 0x7fff_ffff;
    };
    const windows = upTo(600).map(() => rankTest(upTo(20).map(random), upTo(20).map(random)));
    const wrong = windows.filter(({ pLarger }) => pLarger < 0.05).length;
    expect(wrong).toBeLessThan(600 * 0.08);
  });
});

test('mean and median', () => {
  expect([mean([1, 2, 6]), median([6, 1, 2]), median([1, 2, 3, 10]), mean([]), median([])]).toEqual([
    3, 2, 2.5, 0, 0,
  ]);
});

const chosen = (name: string) => metricNamed(name) as ChosenMetric;
const around = (value: number, n = 10) => shuffled(upTo(n)).map((i) => value + (value * (i % 5)) / 100);

describe('the verdict', () => {
  const compared = (name: string, from: number, to: number, guard = false): Comparison =>
    compare(chosen(name), around(from), around(to), guard);

  it('keeps what helped and hurt nothing', () => {
    const verdict = verdictOf(compared('throughput', 1e6, 2e6), [compared('drops', 0, 0, true)], undefined);
    expect(verdict).toEqual({
      keep: true,
      reason: expect.stringMatching(/^throughput got better: mean .*p = /),
    });
    expect(verdictOf(compared('drops', 500, 0), [], compared('packets', 1000, 1100)).keep).toBe(true);
  });

  it('drops what did not, what hurt, and what cannot be compared', () => {
    const reason = (...args: Parameters<typeof verdictOf>) => {
      const { keep, reason } = verdictOf(...args);
      expect(keep).toBe(false);
      return reason;
    };
    expect(reason(compared('throughput', 2e6, 1e6), [], undefined)).toMatch(/^throughput got worse/);
    expect(reason(compared('throughput', 1e6, 1e6), [], undefined)).toMatch(/did not get better/);
    const guard = compared('retransmits', 1, 90, true);
    expect(reason(compared('throughput', 1e6, 2e6), [guard], undefined)).toMatch(/^retransmits got worse/);
    expect(reason(compared('drops', 500, 0), [], compared('packets', 10_000, 100))).toMatch(
      /^the load was not the same/,
    );
  });

  it('does not take a trifle for a change', () => {
    expect(compared('throughput', 1e6, 1.01e6).outcome).toBe('same');
    expect(compared('drops', 0, 0.5).outcome).toBe('same');
    expect(compared('throughput', 1e6, 0.93e6, true).outcome).toBe('same');
  });
});

test('metrics are named, of a device where they can be, or the name is refused', () => {
  expect(metricNamed('throughput:eth0')).toMatchObject({ name: 'throughput:eth0', dev: 'eth0' });
  expect(metricNamed('troughput')).toBe('there is no metric troughput, did you mean "throughput"?');
  expect(metricNamed('retransmits:eth0')).toBe('retransmits is not of a device: write retransmits');
  for (const name of GUARDS) expect(metricNamed(name)).toBeTypeOf('object');
});

test('every metric reads a window, and is 0 in a quiet one', () => {
  for (const { value, name } of METRICS) expect(value(second({}), undefined), name).toBe(0);
  const busy = second({
    links: [link({ rx_bytes: 1000, tx_bytes: 24, rx_missed_errors: 3 })],
    snmp: new Map([
      ['Tcp.RetransSegs', 5],
      ['Tcp.OutSegs', 1000],
      ['Tcp.ActiveOpens', 7],
    ]),
  });
  const value = (name: string) => chosen(name).metric.value(busy, chosen(name).dev);
  expect(
    [
      'throughput',
      'throughput:eth0',
      'throughput:eth1',
      'ring_drops:eth0',
      'drops',
      'retransmits',
      'connections',
    ].map(value),
  ).toEqual([1024, 1024, 0, 3, 3, 5, 7]);
});
