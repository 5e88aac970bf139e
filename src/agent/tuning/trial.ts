// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller, ChangeService, RawBody } from '../../api/change-service.ts';
import type { TrialReport } from '../../api/schemas/advice.ts';
import type { ApplyReport } from '../../api/schemas/change.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { ObservedNamespace } from '../../observe/namespace-set.ts';
import { type ChosenMetric, GUARDS, metricNamed } from '../../tuning/trial/metrics.ts';
import { type Comparison, compare, verdictOf } from '../../tuning/trial/verdict.ts';
import { measure } from './measure.ts';

/** Seconds after the change that do not count: it takes effect. */
const SETTLE_SECONDS = 2;
/** Seconds beyond the measuring in which the change is undone should the agent no longer do it. */
const MARGIN_SECONDS = 60;

export const TEST = `Mann-Whitney U on samples of one second, ties and neighbours' likeness accounted for; helped: p < 0.05 and 5 % of the mean; hurt: p < 0.01 and 10 %`;

/** What a trial is made of. */
export interface TrialParts {
  readonly change: Pick<ChangeService, 'changeStatus' | 'apply' | 'confirm' | 'rollback'>;
  readonly namespace: ObservedNamespace;
  /** Whether the namespace is still there. */
  isThere(): boolean;
  readonly metric: ChosenMetric;
  readonly documents: readonly unknown[];
  readonly caller: Caller;
  readonly clock: Clock;
  /** The report as it is now. */
  tell(report: TrialReport): void;
}

type State = TrialReport['state'];

/** Ends a trial whose change somebody else has kept or undone. */
class Overtaken extends Error {}

const LOAD = metricNamed('packets') as ChosenMetric;

/**
 * One trial: it measures, applies the documents, measures again, and keeps the change or rolls it back. The engine holds its
 * lock meanwhile, and undoes the change by its own timer should this never end.
 */
export class Trial {
  readonly #parts: TrialParts;
  readonly #stop = new AbortController();
  readonly #guards: readonly ChosenMetric[];
  #report: TrialReport;
  #stoppedBy: string | undefined;
  readonly done: Promise<void>;

  constructor(parts: TrialParts, report: TrialReport) {
    this.#parts = parts;
    this.#report = report;
    this.#guards = GUARDS.map((name) => metricNamed(name) as ChosenMetric).filter(
      ({ metric }) => metric !== parts.metric.metric,
    );
    this.done = this.#run();
  }

  get report(): TrialReport {
    return this.#report;
  }

  /** End it, and undo what it changed. */
  async stop(who: string): Promise<void> {
    this.#stoppedBy = who;
    this.#stop.abort();
    await this.done;
  }

  async #run(): Promise<void> {
    const window = Math.floor(this.#report.seconds / 2);
    try {
      const before = await this.#measure('before', window, 0);
      if (!(await this.#apply(window))) return;
      this.#set({ state: 'settling' });
      await sleep(SETTLE_SECONDS * 1000, undefined, { signal: this.#stop.signal });
      const after = await this.#measure('after', window, 0.5);
      await this.#decide(before, after);
    } catch (error) {
      await this.#failed(error);
    }
  }

  #measure(state: State, window: number, from: number) {
    const { namespace, metric, clock } = this.#parts;
    this.#set({ state });
    return measure(
      {
        namespace,
        metrics: [metric, ...this.#guards, LOAD],
        clock,
        signal: this.#stop.signal,
        tick: async (share) => {
          this.#set({ progress: from + share / 2 });
          if (state === 'after') await this.#mustBeOpen();
        },
      },
      window,
    );
  }

  /** @returns whether there is something to measure. */
  async #apply(window: number): Promise<boolean> {
    const { change, documents, caller } = this.#parts;
    const confirmSeconds = Math.min(86_400, window + SETTLE_SECONDS + MARGIN_SECONDS);
    const { advice, id } = this.#report;
    const reason = `trial ${id}${advice === undefined ? '' : ` of ${advice}`}`;
    const bytes = new TextEncoder().encode(JSON.stringify({ documents, confirmSeconds, reason }));
    const body: RawBody = { mediaType: 'application/json', bytes };
    this.#set({ state: 'applying' });
    const applied = await change.apply(THIS_NODE, body, {}, caller);
    if (applied.status === 'unconfirmed') {
      this.#set({ revision: applied.revision });
      return true;
    }
    if (applied.status === 'unchanged' || applied.status === 'confirmed')
      this.#end('failed', 'nothing changes by it: the node is so already');
    else this.#end('failed', applied.error ?? 'the change was undone');
    return false;
  }

  async #mustBeOpen(): Promise<void> {
    const { state, revision } = await this.#parts.change.changeStatus(THIS_NODE);
    if (state !== 'unconfirmed' || revision !== this.#report.revision)
      throw new Overtaken('somebody else kept or undid the change meanwhile');
  }

  async #decide(
    before: ReadonlyMap<string, readonly number[]>,
    after: ReadonlyMap<string, readonly number[]>,
  ): Promise<void> {
    const { metric } = this.#parts;
    const of = (one: ChosenMetric, guard: boolean): Comparison =>
      compare(one, before.get(one.name) ?? [], after.get(one.name) ?? [], guard);
    const result = of(metric, false);
    const guards = this.#guards.map((one) => of(one, true));
    const load = of(LOAD, true);
    const verdict = verdictOf(result, guards, metric.metric.isLoad ? undefined : load);
    this.#set({ result, guards, load });
    const done = await this.#finish(verdict.keep);
    if (verdict.keep && done.status === 'confirmed') this.#end('kept', verdict.reason);
    else if (done.status === 'rolled-back') this.#end('rolled-back', verdict.reason);
    else this.#end('failed', `${verdict.reason}; ${done.error ?? done.status}`);
  }

  #finish(keep: boolean): Promise<ApplyReport> {
    const { change, caller } = this.#parts;
    const { revision } = this.#report;
    const request = revision === undefined ? {} : { revision };
    return keep ? change.confirm(THIS_NODE, request, caller) : change.rollback(THIS_NODE, {}, caller);
  }

  async #failed(error: unknown): Promise<void> {
    const open = this.#report.revision !== undefined && !(error instanceof Overtaken);
    let undone = '';
    if (open) {
      const back = await this.#finish(false).catch((reason: unknown) => ({ status: messageOf(reason) }));
      undone = back.status === 'rolled-back' ? '; the change was undone' : `; undoing it: ${back.status}`;
    }
    if (this.#stoppedBy !== undefined) this.#end('stopped', `stopped by ${this.#stoppedBy}${undone}`);
    else {
      const gone = `the network namespace ${this.#report.netns} is gone`;
      this.#end('failed', `${this.#parts.isThere() ? messageOf(error) : gone}${undone}`);
    }
  }

  #end(state: State, reason: string): void {
    const ended = new Date(this.#parts.clock.now()).toISOString();
    this.#set({ state, reason, ended, progress: 1 });
  }

  #set(change: Partial<TrialReport>): void {
    this.#report = { ...this.#report, ...change };
    this.#parts.tell(this.#report);
  }
}
