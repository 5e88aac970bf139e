// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { FastifyInstance } from 'fastify';
import type { AgentOptions } from '../api/agent-options.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { buildApp } from '../http/app.ts';
import { identify, type TrustStore } from '../http/auth/identify.ts';
import { native } from '../kernel/native.ts';
import type { Subscription } from '../kernel/ports.ts';
import { changeMetrics } from '../metrics/change.ts';
import type { NamespaceSet } from '../observe/namespace-set.ts';
import { AgentCaptures } from './captures/service.ts';
import { loadSettings } from './config/load.ts';
import { waitingForRestart } from './config/restart.ts';
import type { Settings } from './config/schema.ts';
import { EngineClient } from './engine/engine-client.ts';
import type { EngineSettings } from './engine/messages.ts';
import { EventHub } from './event-hub.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { type AgentLog, createLog } from './log.ts';
import { createNotifier, type Notifier } from './notify.ts';
import { createAgentScraper, createNamespaceSet } from './observing.ts';
import { createProcessMetrics, type ProcessMetrics } from './process-metrics.ts';
import { scrapePrograms } from './program-metrics.ts';
import { createDropsService } from './service/drops.ts';
import { createFlowsService } from './service/flows.ts';
import { createService } from './service/service.ts';
import { watchChurn } from './telemetry/churn-sockets.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { loadTls, loadTrust, watchTokens } from './trust.ts';
import { TrialStore } from './tuning/trial-store.ts';
import { Tuning } from './tuning/tuning.ts';

/** Milliseconds that running requests get at the end. */
const CLOSE_MS = 3_000;
const HEARTBEAT_MS = 15_000;

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** A running agent: what it is made of, in the order in which it was made. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #settings: Settings;
  readonly #log: AgentLog['log'];
  readonly #degraded: string[] = [];
  readonly #namespaces: NamespaceSet;
  readonly #events: EventHub;
  readonly #metrics: ProcessMetrics;
  readonly #notifier: Notifier;
  readonly #engine: EngineClient;
  readonly #telemetry: Telemetry;
  readonly #tuning: Tuning;
  #trust: TrustStore;
  #app: FastifyInstance | undefined;
  #captures: AgentCaptures | undefined;
  #listeners: Listeners | undefined;
  #unwatch: () => void = () => {};
  #churn: Subscription | undefined;

  private constructor(options: AgentOptions, settings: Settings, trust: TrustStore, log: AgentLog['log']) {
    this.#options = options;
    this.#settings = settings;
    this.#trust = trust;
    this.#log = log;
    this.#namespaces = createNamespaceSet(settings, log);
    this.#events = new EventHub(this.#namespaces, Date.now().toString(36), (problem) => log.warn(problem));
    this.#metrics = createProcessMetrics();
    this.#telemetry = new Telemetry(settings);
    this.#engine = new EngineClient(engineSettings(settings), {
      event: (event) => this.#events.publish(event),
      warn: (problem) => log.warn(problem),
      state: ({ numbers: { revision, state } }) => this.#notifier.status(`revision ${revision}, ${state}`),
    });
    const change = this.#engine.service();
    const trials = new TrialStore(settings.stateDir, (problem) => log.warn(problem));
    this.#tuning = new Tuning({ namespaces: this.#namespaces, change, clock }, trials);
    const { unixSend } = native();
    this.#notifier = createNotifier(process.env, unixSend, () => process.hrtime.bigint() / 1000n);
    this.#notifier.status('observing');
  }

  /**
   * Start to observe and to listen.
   * @throws {WeirError} when it cannot; nothing is left behind then.
   */
  static async start(options: AgentOptions, version: string): Promise<{ agent: Agent; log: AgentLog }> {
    const { settings, file, warnings } = await loadSettings(options, process.env);
    const tls = loadTls(settings.http);
    const trust = await loadTrust(settings.http);
    const log = createLog(settings.log.level);
    log.log.info({ version, config: file ?? 'defaults', pid: process.pid }, 'starting');
    for (const warning of warnings) log.log.warn(warning);
    const agent = new Agent(options, settings, trust, log.log);
    try {
      await agent.#open(version, tls);
    } catch (error) {
      await agent.stop();
      log.flush();
      throw error;
    }
    return { agent, log };
  }

  /** End within a few seconds, cleanly if nothing hangs. */
  async stop(): Promise<void> {
    this.#notifier.stopping();
    this.#unwatch();
    await this.#captures?.close();
    await this.#app?.close();
    await this.#listeners?.close(CLOSE_MS);
    await this.#tuning.close();
    await this.#engine.close();
    this.#events.close();
    this.#churn?.close();
    this.#telemetry.close();
    await this.#namespaces.close();
    this.#metrics.close();
    this.#notifier.close();
  }

  /** Read the settings anew and apply what can change: log level, tokens, certificates; the rest is named. A mistake changes nothing. */
  async reload(): Promise<void> {
    this.#notifier.reloading();
    try {
      const { settings } = await loadSettings(this.#options, process.env);
      const tls = loadTls(settings.http);
      this.#trust = await loadTrust(settings.http);
      if (tls !== undefined) this.#listeners?.renewTls(tls);
      this.#log.level = settings.log.level;
      this.#log.info('settings reloaded');
      const waiting = waitingForRestart(this.#settings, settings);
      if (waiting.length > 0)
        this.#log.warn(`changed, and taken up only at the next start: ${waiting.join(', ')}`);
    } catch (error) {
      this.#log.error(`settings not reloaded, the old ones stay: ${messageOf(error)}`);
    }
    this.#notifier.ready();
  }

  async #open(version: string, tls: ReturnType<typeof loadTls>): Promise<void> {
    const { http } = this.#settings;
    this.#makeStateDir();
    await this.#recover();
    await Promise.all([this.#namespaces.start(), this.#telemetry.start()]);
    for (const problem of this.#telemetry.degraded) this.#log.warn(problem);
    this.#churn = watchChurn(this.#telemetry, this.#namespaces, (problem) => this.#log.warn(problem));
    this.#app = await this.#buildApp(version);
    this.#listeners = await openListeners({
      handler: this.#app.routing,
      settings: this.#settings,
      tls,
      peerCredentials: native().unixPeer,
      log: this.#log,
    });
    this.#unwatch = watchTokens(http, () => void this.reload());
    this.#notifier.ready();
    const links = this.#namespaces.all().reduce((sum, { snapshot }) => sum + snapshot.links().length, 0);
    this.#log.info({ namespaces: this.#namespaces.all().length, links }, 'ready');
  }

  #buildApp(version: string): Promise<FastifyInstance> {
    const { limits } = this.#settings.http;
    const parts = { version, clock, log: this.#log, telemetry: this.#telemetry };
    const scraper = createAgentScraper(this.#settings, this.#namespaces, parts);
    const started = Date.now();
    const service = createService({
      namespaces: this.#namespaces,
      events: this.#events,
      scrape: async () => {
        const body = await scraper.scrape();
        const own = (await this.#metrics.render()) + this.#changeMetrics();
        const chunks = [body, Buffer.from(own + (await this.#engine.policyMetrics()))];
        return Object.assign(chunks, { release: () => scraper.release(body) });
      },
      facts: {
        version,
        started,
        listeners: () => this.#listeners?.describe() ?? [],
        degraded: () => [...this.#degraded, ...this.#telemetry.degraded, ...this.#changeProblems()],
        features: () => this.#telemetry.features,
        mode: () => (this.#engine.state === undefined ? 'observe' : 'change'),
      },
      clock,
    });
    const drops = createDropsService({ ...parts, namespaces: this.#namespaces });
    const flows = createFlowsService({ ...parts, namespaces: this.#namespaces });
    const change = this.#engine.service();
    const common = { namespaces: this.#namespaces, settings: this.#settings };
    const captures = new AgentCaptures({ ...parts, ...common, drops });
    this.#captures = captures;
    return buildApp({
      service: {
        ...service,
        ...change,
        ...drops,
        ...flows,
        ...captures.service(),
        ...this.#tuning.service(),
      },
      version,
      log: this.#log,
      identify: (request) => identify(request, this.#trust),
      bodyBytes: limits.bodyBytes,
      documentBytes: limits.documentBytes,
      events: {
        streams: limits.eventStreams,
        bufferBytes: limits.eventBufferBytes,
        heartbeatMs: HEARTBEAT_MS,
      },
    });
  }

  /** The network is as it was declared before the agent says that it is ready; without a journal nothing was. */
  async #recover(): Promise<void> {
    if (existsSync(join(this.#settings.stateDir, 'journal.db'))) await this.#engine.start();
  }

  #changeMetrics(): string {
    const { state } = this.#engine;
    return state === undefined ? '' : changeMetrics(state.numbers) + scrapePrograms(state.programs);
  }

  #changeProblems(): readonly string[] {
    const problem = this.#engine.state?.problem;
    return problem === undefined ? [] : [`changes: ${problem}`];
  }

  /** Observing works without it. */
  #makeStateDir(): void {
    const { stateDir } = this.#settings;
    try {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#degraded.push(`nothing can be kept in ${stateDir}: ${messageOf(error)}`);
    }
  }
}

function engineSettings({ stateDir, pinDir, programs, policy, listen }: Settings): EngineSettings {
  const { management, capacity: limits, xdp } = policy;
  const [, host = '', port = '0'] = /^(.*):(\d+)$/.exec(listen) ?? [];
  const isReached = port !== '0' && !host.startsWith('127.') && host !== '[::1]';
  const listeners = management.listeners && isReached ? [Number(port)] : [];
  return {
    stateDir,
    pinDir,
    policy: { management: { ...management, listeners }, limits, xdp },
    ...(programs.keys !== undefined && { keyDir: programs.keys }),
  };
}
