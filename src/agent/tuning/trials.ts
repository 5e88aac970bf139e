// SPDX-License-Identifier: Apache-2.0
import type { Caller } from '../../api/change-service.ts';
import type { TrialReport, TrialRequest } from '../../api/schemas/advice.ts';
import type { PlanReport } from '../../api/schemas/change.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { TuningService } from '../../api/tuning-service.ts';
import { WeirError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Advice, AdvisedSetting } from '../../tuning/advice/advise.ts';
import { documentNameOf, documentsFor } from '../../tuning/advice/documents.ts';
import { metricNamed } from '../../tuning/trial/metrics.ts';
import { requireNamespace, requireThisNode } from '../service/service.ts';
import { type AdviceParts, lookForAdvice } from './advice.ts';
import { currentDocuments } from './current-documents.ts';
import { TEST, Trial } from './trial.ts';
import type { TrialStore } from './trial-store.ts';

/** Seconds that are looked at to see whether advice holds. */
const LOOK_SECONDS = 3;

/** How long to measure unless somebody says otherwise. */
const SECONDS = 300;

/** What is tried, wherever it came from. */
interface Wish {
  readonly documents: readonly unknown[];
  readonly netns: string;
  readonly metric: string;
  readonly advice?: string;
}

/** Trials of the node that the agent runs on, one at a time. */
export class Trials {
  readonly #parts: AdviceParts;
  readonly #store: TrialStore;
  #running: Trial | undefined;
  #starting = false;

  constructor(parts: AdviceParts, store: TrialStore) {
    this.#parts = parts;
    this.#store = store;
  }

  /** The use cases. */
  service(): Pick<TuningService, 'startTrial' | 'trials' | 'trial' | 'stopTrial'> {
    return {
      startTrial: async (target, request, caller) => {
        requireThisNode(target);
        return this.#start(request, caller);
      },
      trials: async (target) => {
        requireThisNode(target);
        return { items: [...this.#store.reports] };
      },
      trial: async (target, id) => {
        requireThisNode(target);
        return this.#find(id);
      },
      stopTrial: async (target, id, { who }) => {
        requireThisNode(target);
        this.#find(id);
        if (this.#running?.report.id === id) await this.#running.stop(who);
        return this.#find(id);
      },
    };
  }

  /** End what runs; what it changed is undone. */
  async close(): Promise<void> {
    await this.#running?.stop('the end of the agent');
  }

  async #start(request: TrialRequest, caller: Caller): Promise<TrialReport> {
    if (this.#running !== undefined || this.#starting)
      throw new WeirError('TOO_MANY', { limit: 1, what: 'trial running' });
    this.#starting = true;
    try {
      const wish = await this.#wishOf(request);
      const metric = metricNamed(wish.metric);
      if (typeof metric === 'string') throw new WeirError('VALUE', { what: 'metric', problem: metric });
      const { snapshot } = requireNamespace(this.#parts.namespaces, wish.netns);
      mustExist(
        metric.dev,
        snapshot.links().map(({ link }) => link.ifname),
      );
      await this.#mustBePossible(wish, caller);
      return this.#begin(request, wish, metric, caller);
    } finally {
      this.#starting = false;
    }
  }

  #begin(
    { seconds = SECONDS }: TrialRequest,
    { documents, netns, advice, metric: name }: Wish,
    metric: Exclude<ReturnType<typeof metricNamed>, string>,
    caller: Caller,
  ): TrialReport {
    const { change, clock, namespaces } = this.#parts;
    const namespace = requireNamespace(namespaces, netns);
    const report: TrialReport = {
      id: this.#store.next,
      state: 'before',
      ...(advice !== undefined && { advice }),
      netns,
      metric: name,
      seconds,
      documents: documents.map(documentNameIn),
      who: caller.who,
      started: new Date(clock.now()).toISOString(),
      progress: 0,
      test: TEST,
      guards: [],
    };
    const tell = (now: TrialReport) => this.#store.put(now, now.state !== this.#find(now.id).state);
    this.#store.put(report, true);
    const isThere = () => namespaces.get(netns) === namespace;
    const trial = new Trial({ change, namespace, isThere, metric, documents, caller, clock, tell }, report);
    this.#running = trial;
    void trial.done.finally(() => {
      this.#running = undefined;
    });
    return report;
  }

  async #wishOf(request: TrialRequest): Promise<Wish> {
    const { advice: id, documents, metric, netns = '', override = false } = request;
    if ((id === undefined) === (documents === undefined))
      throw new WeirError('REQUEST_INVALID', {
        where: 'body',
        problem: 'give either "advice" or "documents"',
      });
    if (documents !== undefined) {
      if (metric === undefined)
        throw new WeirError('REQUEST_INVALID', {
          where: 'body',
          problem: '"metric" is missing: what shall get better',
        });
      return { documents, netns, metric };
    }
    const advice = await this.#adviceNamed(id as string);
    const settings = mustBeTriable(advice, override);
    const current = await currentDocuments(this.#parts.change);
    const proposals = settings.map(({ proposal }) => proposal);
    return {
      documents: documentsFor(proposals, advice.netns, documentNameOf(advice.id), current),
      netns: advice.netns,
      metric: metric ?? advice.metric,
      advice: advice.id,
    };
  }

  /** What cannot be applied is told before anything is measured. @throws {WeirError} `DOCUMENT`, `TRIAL`. */
  async #mustBePossible({ documents, advice = 'what was given' }: Wish, caller: Caller): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify({ documents }));
    const body = { mediaType: 'application/json', bytes } as const;
    const plan = await this.#parts.change.plan(THIS_NODE, body, {}, caller);
    const { diagnostics, actions } = JSON.parse(new TextDecoder().decode(plan.bytes)) as PlanReport;
    const error = diagnostics.find(({ severity }) => severity === 'error');
    if (error !== undefined) throw new WeirError('TRIAL', { what: advice, problem: error.message });
    if (actions.length === 0)
      throw new WeirError('TRIAL', {
        what: advice,
        problem: 'nothing changes by it: the node is so already',
      });
  }

  async #adviceNamed(id: string): Promise<Advice> {
    const [, netns = ''] = id.split(/@(.*)/);
    const { advice } = await lookForAdvice(this.#parts, { netns, seconds: LOOK_SECONDS });
    const found = advice.find((one) => one.id === id);
    if (found !== undefined) return found;
    const ids = advice.map((one) => one.id);
    const hint = didYouMean(id, ids) || '; `weir tune advise` shows what holds now';
    throw new WeirError('NOT_FOUND', { what: 'advice', name: id, hint });
  }

  #find(id: number): TrialReport {
    const found = this.#store.reports.find((one) => one.id === id);
    if (found === undefined) throw new WeirError('NOT_FOUND', { what: 'trial', name: id, hint: '' });
    return found;
  }
}

/** @throws {WeirError} `TRIAL` for what Weir cannot change, or must not without being told. */
function mustBeTriable({ id, settings, manual }: Advice, override: boolean): readonly AdvisedSetting[] {
  const refuse = (problem: string) => new WeirError('TRIAL', { what: id, problem });
  if (settings.length === 0) throw refuse(`Weir cannot change it: ${manual ?? 'see the advice'}`);
  const closed = settings.find(({ writable }) => !writable);
  if (closed !== undefined)
    throw refuse(`${closed.name} cannot be written in this namespace: set it in the machine's first one`);
  const foreign = settings.find(({ handSet }) => handSet !== false);
  if (foreign !== undefined && !override) {
    const whose = foreign.handSet === true ? 'somebody set' : 'nobody knows whether somebody set';
    throw refuse(`${whose} ${foreign.name} by hand; "override" takes it`);
  }
  return settings;
}

function mustExist(dev: string | undefined, names: readonly string[]): void {
  if (dev === undefined || names.includes(dev)) return;
  throw new WeirError('NOT_FOUND', { what: 'device', name: dev, hint: didYouMean(dev, names) });
}

function documentNameIn(value: unknown): string {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } | null };
  return `${String(kind ?? '?')}/${String(metadata?.name ?? '?')}`.slice(0, 200);
}
