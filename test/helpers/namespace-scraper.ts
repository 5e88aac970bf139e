// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../src/base/bytes.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import { COLLECTORS } from '../../src/metrics/registry.ts';
import {
  createScraper,
  type ScrapedNamespace,
  type ScraperOptions,
} from '../../src/observe/metrics-scraper.ts';
import { NamespaceSnapshot } from '../../src/observe/snapshot.ts';

/** Weir's scraper on namespaces of a test, every collector on. */
export interface TestScraper extends AsyncDisposable {
  /** One scrape as text. */
  scrape(): Promise<string>;
  readonly scraped: readonly ScrapedNamespace[];
}

/**
 * @param places Name under which each namespace is exposed ('' for the agent's own) and its I/O.
 */
export async function namespaceScraper(
  places: readonly (readonly [name: string, io: NamespaceIo])[],
  options: Partial<ScraperOptions> = {},
): Promise<TestScraper> {
  const scraped = await Promise.all(places.map(([name, io]) => observed(name, io)));
  const scraper = createScraper({
    namespaces: () => scraped,
    collectors: COLLECTORS,
    clock: { now: Date.now, monotonic: () => performance.now() },
    version: 'test',
    runtime: process.version,
    ...options,
  });
  return {
    scraped,
    scrape: async () => textOf(await scraper.scrape()),
    async [Symbol.asyncDispose]() {
      for (const { snapshot } of scraped) snapshot.close();
    },
  };
}

async function observed(name: string, io: NamespaceIo) {
  const renamed: NamespaceIo = { ...io, netns: { ...io.netns, name } };
  const snapshot = new NamespaceSnapshot(renamed);
  await snapshot.start();
  return { name, io: renamed, snapshot };
}
