// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseExposition } from '../../test/helpers/exposition-text.ts';
import { linkRow, sampleOf } from '../../test/helpers/recorded-source.ts';
import { textOf } from '../base/bytes.ts';
import { WeirError } from '../base/errors.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import type { Collector } from '../metrics/collector.ts';
import type { Family } from '../metrics/exposition.ts';
import { createScraper, type ScrapedNamespace, type ScraperOptions } from './metrics-scraper.ts';

const FAMILY: Family = { name: 'node_test_total', help: 'x', type: 'counter', labels: ['from'] };

const collector = (
  name: string,
  collect: Collector['collect'],
  scope: Collector['scope'] = 'netns',
): Collector => ({
  name,
  scope,
  enabledByDefault: true,
  families: [FAMILY],
  collect,
});

const writing = (name: string, scope?: Collector['scope']) =>
  collector(name, (_, out) => out.family(FAMILY).add([name], 1), scope);

const namespace = (name: string, devices: readonly string[] = []): ScrapedNamespace => ({
  name,
  io: {} as NamespaceIo,
  snapshot: {
    links: () => devices.map((device, i) => linkRow(i + 1, device)),
    linkName: () => undefined,
    status: () => ({ current: true, synchronisations: 2, overruns: 1 }),
    closed: false,
  },
});

const scraperOf = (collectors: readonly Collector[], more: Partial<ScraperOptions> = {}) =>
  createScraper({
    namespaces: () => [namespace('')],
    collectors,
    clock: { now: Date.now, monotonic: () => performance.now() },
    version: '1',
    runtime: 'v24',
    ...more,
  });

const families = async (scraper: ReturnType<typeof scraperOf>) =>
  parseExposition(textOf(await scraper.scrape()));

test('a failing collector fails alone and is reported', async () => {
  const failures: string[] = [];
  const broken = collector('broken', (_, out) => {
    out.family(FAMILY).add(['broken'], 1);
    throw new WeirError('NO_DATA', { what: 'x' });
  });
  const failed = (name: string, netns: string, error: unknown) => failures.push(`${name} ${netns} ${error}`);
  const found = await families(scraperOf([broken, writing('good')], { failed }));
  expect(sampleOf(found, 'node_scrape_collector_success', { collector: 'broken' })).toBe(0);
  expect(sampleOf(found, 'node_scrape_collector_success', { collector: 'good' })).toBe(1);
  expect(found.get('node_scrape_collector_duration_seconds')?.samples.size).toBe(2);
  expect(found.get('node_test_total')?.samples.size).toBe(2);
  expect(failures).toEqual([expect.stringContaining('broken  WeirError: x is not available')]);
});

test('a namespace that vanishes during the scrape is left, and none of its collectors has failed', async () => {
  const failures: string[] = [];
  const leaving = namespace('lab');
  const snapshot = { ...leaving.snapshot, closed: false };
  const reading = collector('reading', (source) => {
    if (source.netns === '') return;
    snapshot.closed = true;
    throw new WeirError('TRANSPORT_CLOSED', { operation: 'x' });
  });
  const namespaces = [namespace(''), { ...leaving, snapshot }];
  const failed = (name: string) => failures.push(name);
  const scraper = scraperOf([reading, writing('later')], { namespaces: () => namespaces, failed });
  const found = await families(scraper);
  expect(failures).toEqual([]);
  expect(found.get('node_scrape_collector_success')?.samples.size).toBe(2);
  expect(found.get('weir_scrape_collector_success')).toBeUndefined();
  expect(found.get('weir_test_total')).toBeUndefined();
});

test('whoever asks during a scrape gets that scrape, the next one a new one', async () => {
  let runs = 0;
  const slow = collector('slow', async (_, out) => {
    runs++;
    await sleep(20);
    out.family(FAMILY).add(['slow'], runs);
  });
  const scraper = scraperOf([slow]);
  const [a, b] = await Promise.all([scraper.scrape(), scraper.scrape()]);
  expect(a).toBe(b);
  expect(runs).toBe(1);
  expect(sampleOf(await families(scraper), 'node_test_total', { from: 'slow' })).toBe(2);
});

test('a body that all its readers gave back serves again, one that is still read does not', async () => {
  const scraper = scraperOf([writing('a')]);
  const [first, same] = await Promise.all([scraper.scrape(), scraper.scrape()]);
  scraper.release(first);
  const text = textOf(first);
  const second = await scraper.scrape();
  expect(second.buffer).not.toBe(first.buffer);
  expect(textOf(same)).toBe(text);
  scraper.release(second);
  scraper.release(second);
  const third = await scraper.scrape();
  expect(third.buffer).toBe(second.buffer);
  expect((await scraper.scrape()).buffer).not.toBe(third.buffer);
});

test('a collector that hangs ends with the deadline, those behind it fail, and nothing of it stays', async () => {
  let late: (() => void) | undefined;
  let hang = true;
  const hanging = collector('hanging', async (_, out) => {
    const writer = out.family(FAMILY);
    writer.add(['before'], 1);
    if (hang) await new Promise<void>((resolve) => (late = resolve));
    writer.add(['after'], 1);
  });
  const chunked = collector('chunked', async (_, out) => {
    await out.breathe();
    out.family(FAMILY).add(['chunked'], 1);
  });
  const scraper = scraperOf([hanging, chunked], { deadlineMs: 50 });
  const found = await families(scraper);
  expect(sampleOf(found, 'node_scrape_collector_success', { collector: 'hanging' })).toBe(0);
  expect(sampleOf(found, 'node_scrape_collector_success', { collector: 'chunked' })).toBe(0);
  expect(sampleOf(found, 'node_test_total', { from: 'before' })).toBe(1);
  hang = false;
  const next = scraper.scrape();
  late?.();
  const again = parseExposition(textOf(await next));
  expect(sampleOf(again, 'node_test_total', { from: 'after' })).toBe(1);
  expect(sampleOf(again, 'node_scrape_collector_success', { collector: 'chunked' })).toBe(1);
});

test('collectors of the node run once, the others in every namespace', async () => {
  const namespaces = () => [namespace('', ['a', 'b']), namespace('blue', ['c'])];
  const found = await families(scraperOf([writing('node', 'node'), writing('netns')], { namespaces }));
  expect(found.get('node_test_total')?.samples.size).toBe(2);
  expect([...(found.get('weir_test_total')?.samples.values() ?? [])].map(({ labels }) => labels)).toEqual([
    { netns: 'blue', from: 'netns' },
  ]);
  expect(sampleOf(found, 'weir_scrape_collector_success', { netns: 'blue', collector: 'netns' })).toBe(1);
  const devices = [...(found.get('weir_snapshot_devices')?.samples.values() ?? [])].map(({ value }) => value);
  expect(devices).toEqual([2, 1]);
});

test('what the budgets fold away and what vanished is counted from scrape to scrape', async () => {
  const greedy = collector('greedy', (source, out) => {
    source.vanished(3);
    for (let i = 0; i < 5; i++) out.family(FAMILY).add([`${i}`], i);
  });
  const scraper = scraperOf([greedy], { budgets: new Map([['node_test_total', 2]]) });
  await scraper.scrape();
  const found = await families(scraper);
  expect(found.get('node_test_total')?.samples.size).toBe(2);
  expect(sampleOf(found, 'weir_exposition_dropped_series_total', { family: 'node_test_total' })).toBe(6);
  expect(sampleOf(found, 'weir_scrape_vanished_devices_total')).toBe(6);
  expect(sampleOf(found, 'weir_build_info', { version: '1', runtime: 'v24' })).toBe(1);
});

test('long work lets the event loop turn', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const long = collector('long', async (_, out) => {
    const end = performance.now() + 100;
    while (performance.now() < end) await out.breathe();
  });
  await scraperOf([long]).scrape();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});
