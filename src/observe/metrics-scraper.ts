// SPDX-License-Identifier: Apache-2.0
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../base/errors.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import type { Collector, LinkRow } from '../metrics/collector.ts';
import type { Exposition } from '../metrics/exposition.ts';
import { type Breathe, ExpositionSet } from '../metrics/exposition-set.ts';
import { SELF } from '../metrics/self.ts';
import { BodyPool } from './metrics-body-pool.ts';
import { type DevicePatterns, deviceFilter } from './metrics-device-filter.ts';
import { NamespaceSource } from './metrics-source.ts';
import { NO_TELEMETRY, type TelemetryMaps, TelemetryReadings } from './telemetry/telemetry.ts';

/** A namespace whose metrics are exposed. */
export interface ScrapedNamespace {
  /** '' for the agent's own. */
  readonly name: string;
  readonly io: NamespaceIo;
  readonly snapshot: ScrapedSnapshot;
}

/** What a scrape asks of a snapshot. */
export interface ScrapedSnapshot {
  links(): readonly LinkRow[];
  linkName(ifindex: number): string | undefined;
  status(): { readonly current: boolean; readonly synchronisations: number; readonly overruns: number };
  /** The namespace is not observed any more: its descriptors are closed. */
  readonly closed: boolean;
}

export interface ScraperOptions {
  /** The namespaces to expose now, the agent's own first. */
  readonly namespaces: () => readonly ScrapedNamespace[];
  readonly collectors: readonly Collector[];
  readonly filters?: DevicePatterns;
  /** Most series by family, as exposed. */
  readonly budgets?: ReadonlyMap<string, number>;
  readonly clock: Clock;
  /** Milliseconds after which the collectors that are not done have failed. */
  readonly deadlineMs?: number;
  /** eBPF telemetry; none when absent. */
  readonly telemetry?: TelemetryMaps;
  readonly version: string;
  readonly runtime: string;
  /** Told of each failure; NO_DATA is an ordinary one. */
  readonly failed?: (collector: string, netns: string, error: unknown) => void;
}

/** Renders all metrics of all namespaces in the Prometheus text format. */
export interface Scraper {
  /** One scrape at a time: whoever asks while one runs gets its result. Never rejects for a failing collector. */
  scrape(): Promise<Uint8Array>;
  /** Each caller of `scrape` may say that it is done with the body, whose memory then serves a later scrape. */
  release(body: Uint8Array): void;
}

const DEADLINE_MS = 10_000;
/** Longest stretch of a scrape between two turns of the event loop. */
const STRETCH_MS = 3;

/** @throws {WeirError} `VALUE` for device patterns that make no sense. */
export function createScraper(options: ScraperOptions): Scraper {
  const runner = new ScrapeRunner(options);
  let running: Promise<Uint8Array> | undefined;
  let readers = 0;
  const run = async () => {
    try {
      const body = await runner.run();
      runner.bodies.lend(body, readers);
      return body;
    } finally {
      running = undefined;
      readers = 0;
    }
  };
  return {
    scrape() {
      readers++;
      running ??= run();
      return running;
    },
    release: (body) => runner.bodies.giveBack(body),
  };
}

class ScrapeRunner {
  readonly bodies = new BodyPool();
  readonly #options: ScraperOptions;
  readonly #filter: ReturnType<typeof deviceFilter>;
  readonly #vanished = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  #families: ExpositionSet;

  constructor(options: ScraperOptions) {
    this.#options = options;
    this.#filter = deviceFilter(options.filters ?? {});
    this.#families = new ExpositionSet(options.budgets);
  }

  async run(): Promise<Uint8Array> {
    const families = this.#families;
    families.reset();
    const deadline = new Deadline(this.#options.clock, this.#options.deadlineMs ?? DEADLINE_MS);
    try {
      const telemetry = new TelemetryReadings(this.#options.telemetry ?? NO_TELEMETRY);
      for (const namespace of this.#options.namespaces())
        await this.#scrapeNamespace(namespace, deadline, telemetry);
      this.#writeAgent(families.bind('', deadline.turn));
      return await families.render(deadline.turn, (size) => this.bodies.take(size));
    } finally {
      if (deadline.missed) this.#abandon(families);
      deadline.end();
    }
  }

  async #scrapeNamespace(
    namespace: ScrapedNamespace,
    deadline: Deadline,
    telemetry: TelemetryReadings,
  ): Promise<void> {
    if (namespace.snapshot.closed) return this.#forget(namespace);
    const source = new NamespaceSource(namespace, this.#filter, deadline.signal, telemetry);
    const out = this.#families.bind(namespace.name, deadline.breathe);
    for (const collector of this.#options.collectors) {
      if (collector.scope === 'node' && namespace.name !== '') continue;
      await this.#collect(collector, source, out, deadline, namespace.snapshot);
      await deadline.turn();
      if (namespace.snapshot.closed) return this.#forget(namespace);
    }
    const before = this.#vanished.get(namespace.name) ?? 0;
    this.#vanished.set(namespace.name, before + source.gone);
    this.#writeNamespace(namespace, out);
  }

  async #collect(
    collector: Collector,
    source: NamespaceSource,
    out: Exposition,
    deadline: Deadline,
    snapshot: ScrapedSnapshot,
  ): Promise<void> {
    const { clock, failed } = this.#options;
    const started = clock.monotonic();
    let success = 1;
    try {
      await deadline.within(collector.collect(source, out));
    } catch (error) {
      // a namespace that vanishes meanwhile is no failure of the collector
      if (snapshot.closed) return;
      success = 0;
      failed?.(collector.name, source.netns, error);
    }
    out.family(SELF.duration).add([collector.name], (clock.monotonic() - started) / 1_000);
    out.family(SELF.success).add([collector.name], success);
  }

  /** What is counted of a namespace ends with it. */
  #forget({ name }: ScrapedNamespace): void {
    this.#vanished.delete(name);
  }

  #writeNamespace({ name, snapshot }: ScrapedNamespace, out: Exposition): void {
    const { current, synchronisations, overruns } = snapshot.status();
    out.family(SELF.devices).add([], snapshot.links().length);
    out.family(SELF.current).add([], current ? 1 : 0);
    out.family(SELF.synchronisations).add([], synchronisations);
    out.family(SELF.overruns).add([], overruns);
    out.family(SELF.vanished).add([], this.#vanished.get(name) ?? 0);
  }

  #writeAgent(out: Exposition): void {
    const { version, runtime } = this.#options;
    out.family(SELF.build).add([version, runtime], 1);
    const dropped = new Map(this.#dropped);
    for (const [family, samples] of this.#families.dropped())
      dropped.set(family, (dropped.get(family) ?? 0) + samples);
    for (const [family, samples] of dropped) out.family(SELF.dropped).add([family], samples);
  }

  /** A collector that outlived its scrape may still write: leave it the old buffers and begin with new ones. */
  #abandon(families: ExpositionSet): void {
    for (const [family, samples] of families.dropped())
      this.#dropped.set(family, (this.#dropped.get(family) ?? 0) + samples);
    this.#families = new ExpositionSet(this.#options.budgets);
  }
}

/** Keeps a scrape from holding the event loop, and from lasting for ever. */
class Deadline {
  readonly #clock: Clock;
  readonly #end: number;
  readonly #abort = new AbortController();
  readonly #late: Promise<never>;
  #turned: number;
  missed = false;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#turned = clock.monotonic();
    this.#end = this.#turned + milliseconds;
    this.#late = this.#expire(milliseconds);
    this.#late.catch(() => {});
  }

  /** Aborts what a collector waits for. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Let the event loop run when it is time to. */
  readonly turn: Breathe = async () => {
    if (this.#clock.monotonic() - this.#turned < STRETCH_MS) return;
    await setImmediate();
    this.#turned = this.#clock.monotonic();
  };

  /** The same, for collectors: they end when the time is over. */
  readonly breathe: Breathe = async () => {
    await this.turn();
    if (this.#clock.monotonic() > this.#end) throw this.#miss();
  };

  /** The result of `work`, or a rejection when the time is over before. */
  within<T>(work: T | Promise<T>): Promise<T> {
    return Promise.race([work, this.#late]);
  }

  end(): void {
    this.#abort.abort();
  }

  async #expire(milliseconds: number): Promise<never> {
    await sleep(milliseconds, undefined, { ref: false, signal: this.#abort.signal });
    throw this.#miss();
  }

  #miss(): WeirError {
    this.missed = true;
    return new WeirError('BUSY', { what: 'the scrape', problem: 'it is out of time' });
  }
}
