// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../base/clock.ts';
import { isWeirError, messageOf, WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { namespaces } from '../kernel/namespaces.ts';
import type { Collector } from '../metrics/collector.ts';
import { COLLECTORS } from '../metrics/registry.ts';
import { createScraper, type Scraper } from '../observe/metrics-scraper.ts';
import { NamespaceSet, type NamespaceSetOptions } from '../observe/namespace-set.ts';
import type { TelemetryMaps } from '../observe/telemetry/telemetry.ts';
import type { Settings } from './config/schema.ts';
import type { AgentLog } from './log.ts';
import { requestPaths } from './request-paths.ts';

type Log = AgentLog['log'];

/** The namespaces that the settings ask for; not started yet. */
export function createNamespaceSet({ namespaces: wanted }: Settings, log: Log): NamespaceSet {
  const options: NamespaceSetOptions = {
    configured: wanted.watch,
    onProblem: ({ name, problem }) => log.warn({ netns: name }, `the namespace is not watched: ${problem}`),
  };
  const discover = { processes: wanted.processes, accept: nameFilter(wanted) };
  return new NamespaceSet(
    namespaces({ resolvePath: requestPaths }),
    wanted.discover ? { ...options, discover } : options,
  );
}

interface ScraperParts {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly telemetry: TelemetryMaps;
}

/**
 * The scraper that the settings ask for.
 * @throws {WeirError} `CONFIG` for a collector that does not exist, `VALUE` for device patterns that make no sense.
 */
export function createAgentScraper(
  { metrics }: Settings,
  set: NamespaceSet,
  { version, clock, log, telemetry }: ScraperParts,
): Scraper {
  const { deviceInclude: include, deviceExclude: exclude } = metrics;
  return createScraper({
    namespaces: () => set.all(),
    collectors: chooseCollectors(metrics),
    filters: { ...(include === undefined ? {} : { include }), ...(exclude === undefined ? {} : { exclude }) },
    budgets: new Map(Object.entries(metrics.budgets)),
    telemetry,
    clock,
    deadlineMs: metrics.deadlineSeconds * 1000,
    version,
    runtime: `node ${process.version}`,
    failed: (collector, netns, error) => {
      const quiet = isWeirError(error, 'NO_DATA');
      log[quiet ? 'debug' : 'warn']({ collector, netns }, `collector failed: ${messageOf(error)}`);
    },
  });
}

function chooseCollectors({ enable, disable }: Settings['metrics']): readonly Collector[] {
  const names = COLLECTORS.map(({ name }) => name);
  for (const [key, chosen] of Object.entries({ enable, disable }))
    for (const name of chosen)
      if (!names.includes(name))
        throw new WeirError('CONFIG', {
          file: 'settings',
          path: `metrics.${key}`,
          problem: `there is no collector "${name}"${didYouMean(name, names)}`,
        });
  return COLLECTORS.filter(
    ({ name, enabledByDefault }) => (enabledByDefault || enable.includes(name)) && !disable.includes(name),
  );
}

function nameFilter({ include, exclude }: Settings['namespaces']): (name: string) => boolean {
  const included = include === undefined ? undefined : new RegExp(`^(?:${include})$`);
  const excluded = exclude === undefined ? undefined : new RegExp(`^(?:${exclude})$`);
  return (name) => included?.test(name) !== false && excluded?.test(name) !== true;
}
