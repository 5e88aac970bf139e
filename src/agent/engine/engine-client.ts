// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Rendered } from '../../api/change-service.ts';
import type { ApplyReport, ChangeStatus } from '../../api/schemas/change.ts';
import { THIS_NODE } from '../../api/target.ts';
import { WeirError } from '../../base/errors.ts';
import type { ChangeProgress, DriftChange } from '../../model/change.ts';
import { withYoungSpace } from '../memory.ts';
import { requireThisNode } from '../service/service.ts';
import type {
  EngineCall,
  EngineMessage,
  EngineService,
  EngineSettings,
  EngineState,
  EngineStop,
} from './messages.ts';
import { receivedError } from './messages.ts';
import { VerdictFeed } from './verdict-feed.ts';

/** Milliseconds before a thread that died is started again; each death in a row doubles it. */
const RESTART_MS = 500;
const RESTART_MOST_MS = 30_000;
/** A thread that lived this long did not die of its start. */
const LIVED_MS = 60_000;

/** Milliseconds that a scrape waits for the engine. */
const METRICS_MS = 1_000;
/** Milliseconds that undoing gets at the end. */
const STOP_MS = 4_000;
/** MB of young objects: a change makes some, which are of no use when it is done. */
const YOUNG_MB = 8;

/** The thread's program, beside this file: TypeScript when run from the sources, JavaScript when compiled. */
const PROGRAM = new URL(`engine-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Of a node that nothing was ever applied to; looking at it does not start the thread. */
const UNTOUCHED: ChangeStatus = { revision: 0, state: 'idle', owned: 0, drift: [] };

/** How the engine tells of itself. */
export interface EngineListeners {
  event(event: ChangeProgress | DriftChange): void;
  warn(problem: string): void;
  state(state: EngineState): void;
}

interface Pending {
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The engine, in a thread of its own that is started with the first call, or by `start`. One that dies is started again,
 * and then recovers from the journal as after a crash of the whole agent.
 */
export class EngineClient {
  readonly #settings: EngineSettings;
  readonly #listeners: EngineListeners;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #ready: Promise<void> | undefined;
  #state: EngineState | undefined;
  #lastId = 0;
  #policyText = '';
  #deaths = 0;
  #closed = false;
  #restart: NodeJS.Timeout | undefined;
  readonly #verdicts = new VerdictFeed((on) => this.#call('watchVerdicts', THIS_NODE, [on]));

  constructor(settings: EngineSettings, listeners: EngineListeners) {
    this.#settings = settings;
    this.#listeners = listeners;
  }

  /** What the engine said of itself last; undefined while it has not run. */
  get state(): EngineState | undefined {
    return this.#state;
  }

  /** Start the thread. Resolves when it has finished or undone what an earlier run left; never rejects. */
  start(): Promise<void> {
    this.#ready ??= this.#spawn();
    return this.#ready;
  }

  /** Undo what nobody has confirmed, and end the thread. What takes too long is undone at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = once(worker, 'exit');
    worker.postMessage({ stop: true } satisfies EngineStop);
    const late = setTimeout(() => void worker.terminate(), STOP_MS);
    await ended;
    clearTimeout(late);
  }

  /** Metrics of network policy; those of the last time where the engine takes its time. */
  async policyMetrics(): Promise<string> {
    if (this.#state?.policy !== true) return '';
    const asked = this.#call('policyMetrics', THIS_NODE, []).then((bytes) => {
      this.#policyText = new TextDecoder().decode(bytes);
    });
    await Promise.race([asked.catch(() => {}), sleep(METRICS_MS, undefined, { ref: false })]);
    return this.#policyText;
  }

  /** The use cases, for the service of this node. */
  service(): EngineService {
    const report = async (method: keyof EngineService, target: string, ...args: unknown[]) =>
      parsed<ApplyReport>(await this.#call(method, target, args));
    const rendered = async <T>(method: keyof EngineService, target: string, ...args: unknown[]) => {
      const answer: Rendered<T> = { bytes: await this.#call(method, target, args) };
      return answer;
    };
    return {
      plan: (target, ...args) => rendered('plan', target, ...args),
      apply: (target, ...args) => report('apply', target, ...args),
      confirm: (target, ...args) => report('confirm', target, ...args),
      rollback: (target, ...args) => report('rollback', target, ...args),
      changeStatus: async (target) => {
        requireThisNode(target);
        if (this.#ready === undefined) return UNTOUCHED;
        return parsed<ChangeStatus>(await this.#call('changeStatus', target, []));
      },
      revisions: (target, ...args) => rendered('revisions', target, ...args),
      revision: (target, ...args) => rendered('revision', target, ...args),
      exportState: (target, ...args) => rendered('exportState', target, ...args),
      diff: (target, ...args) => rendered('diff', target, ...args),
      programs: (target, ...args) => rendered('programs', target, ...args),
      program: (target, ...args) => rendered('program', target, ...args),
      putProgram: (target, ...args) => report('putProgram', target, ...args),
      deleteProgram: (target, ...args) => report('deleteProgram', target, ...args),
      putObject: (target, ...args) => rendered('putObject', target, ...args),
      policyObjects: (target, ...args) => rendered('policyObjects', target, ...args),
      policyObject: (target, ...args) => rendered('policyObject', target, ...args),
      putPolicyObject: (target, ...args) => report('putPolicyObject', target, ...args),
      deletePolicyObject: (target, ...args) => report('deletePolicyObject', target, ...args),
      changeCidrSet: (target, ...args) => report('changeCidrSet', target, ...args),
      policyRules: (target, ...args) => rendered('policyRules', target, ...args),
      explain: (target, ...args) => rendered('explain', target, ...args),
      explainCapture: (target, ...args) => rendered('explainCapture', target, ...args),
      followVerdicts: (target, query, deliver) => {
        requireThisNode(target);
        return this.#verdicts.follow(query, deliver);
      },
    };
  }

  async #call(method: EngineCall['method'], target: string, args: readonly unknown[]): Promise<Uint8Array> {
    requireThisNode(target);
    await this.start();
    const worker = this.#worker;
    if (worker === undefined)
      throw new WeirError('BUSY', { what: 'the engine', problem: 'it is being restarted' });
    const id = ++this.#lastId;
    const call: EngineCall = { id, method, args };
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.postMessage(call);
    });
  }

  #spawn(): Promise<void> {
    const started = Date.now();
    const space = withYoungSpace(YOUNG_MB);
    const worker = new Worker(PROGRAM, {
      workerData: this.#settings,
      // the addon opens descriptors that Node then closes: to Node's own bookkeeping they are strangers
      trackUnmanagedFds: false,
    });
    worker.once('online', space.done);
    this.#worker = worker;
    return new Promise((resolve) => {
      worker.on('message', (message: EngineMessage) => {
        if (message.kind === 'ready') resolve();
        else this.#hear(message);
      });
      worker.on('error', (error) => this.#listeners.warn(`the engine failed: ${error.message}`));
      worker.on('exit', () => {
        this.#died(started);
        resolve();
      });
    });
  }

  #hear(message: Exclude<EngineMessage, { kind: 'ready' }>): void {
    switch (message.kind) {
      case 'event':
        this.#listeners.event(message.event);
        break;
      case 'warning':
        this.#listeners.warn(message.problem);
        break;
      case 'state':
        this.#state = message.state;
        this.#listeners.state(message.state);
        break;
      case 'verdicts':
        this.#verdicts.deliver(message.lines);
        break;
      case 'result':
        this.#take(message.id)?.resolve(message.bytes);
        break;
      case 'error':
        this.#take(message.id)?.reject(receivedError(message.error));
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** What it was doing is undone when it starts again. */
  #died(started: number): void {
    this.#worker = undefined;
    const problem = 'it died; what it was doing is undone when it is back';
    for (const { reject } of this.#pending.values())
      reject(new WeirError('BUSY', { what: 'the engine', problem }));
    this.#pending.clear();
    if (this.#closed) return;
    this.#deaths = Date.now() - started > LIVED_MS ? 1 : this.#deaths + 1;
    const pause = Math.min(RESTART_MS * 2 ** (this.#deaths - 1), RESTART_MOST_MS);
    this.#ready = new Promise((resolve) => {
      this.#restart = setTimeout(() => void this.#spawn().then(resolve), pause);
    });
  }
}

function parsed<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
