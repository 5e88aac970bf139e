// SPDX-License-Identifier: Apache-2.0
import { messageOf, WeirError } from '../base/errors.ts';
import type { ObjectId, OwnedObject } from '../model/object.ts';
import type { Document } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import { countsOf } from '../plan/report.ts';
import type { Asker, ChangeWish, PlanWish } from './asking.ts';
import { Lock } from './change/lock.ts';
import { Progress } from './change/progress.ts';
import { type ChangeReport, reportOf } from './change/report.ts';
import { type EngineStatus, stateOf } from './change/status.ts';
import { carryOut, leftovers, ownedDelta, undo } from './change/transaction.ts';
import { type DocumentSet, isSame, type NextDocuments } from './documents.ts';
import { Journal } from './journal/journal.ts';
import type { OwnedDelta, RevisionRecord } from './journal/records.ts';
import { LatestDocuments, type Scope } from './latest.ts';
import { checkObjects } from './objects.ts';
import { OwnedObjects } from './owned.ts';
import type { EngineParts } from './parts.ts';
import { imageFor, narrowed, type Prepared, planBetween, planText } from './planning.ts';
import { changesPolicy, policyWarnings } from './policy/checked.ts';
import { mustBeAllowed, Preparation, type PrepareOptions } from './preparation.ts';
import { chooseProbes } from './probe/choose.ts';
import { NO_PROBES, type Probes, probeBefore } from './probe/run.ts';

/** A change that is in the journal and not confirmed. */
interface OpenChange {
  readonly revision: number;
  readonly owned: OwnedDelta;
  readonly scope: Scope | undefined;
}

const NO_DELTA: OwnedDelta = new Map();

/** A plan with what it starts from. */
export interface PlanAnswer {
  readonly revision: number;
  readonly plan: Plan;
}

/**
 * Plans, applies, confirms and rolls back, one change at a time.
 *
 * All that changes throws {WeirError} `LOCKED`, `REVISION_MISMATCH`, `DOCUMENT`, `PLAN_REFUSED` before anything has
 * happened; what goes wrong later is in the report.
 */
export class Engine {
  readonly parts: EngineParts;
  readonly #journal: Journal;
  readonly #lock = new Lock();
  readonly #preparation: Preparation;
  readonly #latest: LatestDocuments;
  readonly #owned: OwnedObjects;
  /** The open change, until it is confirmed or undone. */
  #open: OpenChange | undefined;
  #progress: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  /** Called after every change of what is owned, with the part that the change was about. */
  onOwned: (scope: Scope | undefined) => void = () => {};

  /** @throws {WeirError} `JOURNAL` when the journal cannot be opened. Nothing is changed before `recover`. */
  constructor(parts: EngineParts) {
    this.parts = parts;
    this.#journal = Journal.open(parts.journal);
    this.#latest = new LatestDocuments(this.#journal);
    this.#owned = new OwnedObjects(this.#journal.owned());
    this.#preparation = new Preparation(parts, this.#latest);
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** What the current revision owns. */
  get owned(): ReadonlyMap<ObjectId, OwnedObject> {
    return this.#owned.all;
  }

  /** How many objects it owns, by class. */
  get ownedCounts(): ReadonlyMap<string, number> {
    return this.#owned.counts;
  }

  /** True while nothing is being changed, nor waits for a confirmation. */
  get idle(): boolean {
    return this.#lock.holder === undefined;
  }

  status(): EngineStatus {
    const { holder } = this.#lock;
    const steps = this.#progress?.steps;
    return {
      revision: this.#journal.openChange?.revision ?? this.#journal.current,
      state: stateOf(holder?.phase),
      ...(holder && { holder: holder.who }),
      ...(holder?.deadline !== undefined && { deadline: holder.deadline }),
      ...(steps && { progress: steps }),
      owned: this.#owned.sizeWith(this.#open?.owned ?? NO_DELTA),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  /** What the documents would change. */
  async plan(wish: PlanWish, asker: Asker): Promise<PlanAnswer> {
    const prepared = await this.#prepare(this.#next(wish), asker);
    const warnings = await policyWarnings(this.parts, prepared, asker.peers);
    const { plan } = prepared;
    return { revision: this.#revision, plan: { ...plan, diagnostics: [...plan.diagnostics, ...warnings] } };
  }

  /** What leads from one revision (the running state when absent) to another (the latest one when absent). */
  async diff(from: number | undefined, to: number | undefined): Promise<PlanAnswer> {
    const documents = this.documentsOf(to ?? this.#revision);
    if (from !== undefined) return { revision: from, plan: planBetween(this.documentsOf(from), documents) };
    const next = this.#latest.replaced(this.#revision, documents);
    const { plan } = await this.#prepare(next, { who: '', peers: [] }, { whole: true });
    return { revision: this.#revision, plan };
  }

  /** Carry documents out. It resolves when that is done or undone, and does not wait for the confirmation. */
  async apply(wish: PlanWish, change: ChangeWish, asker: Asker): Promise<ChangeReport> {
    return this.#alone(asker.who, async () => {
      this.#mustBeCurrent(change.ifRevision);
      return this.#change(this.#next(wish), change, asker);
    });
  }

  /** Keep what is unconfirmed. @throws {WeirError} `NOTHING_TO_CONFIRM`. */
  confirm(who: string, revision?: number): ChangeReport {
    const open = this.#journal.openChange;
    if (open?.phase !== 'unconfirmed' || this.#lock.holder?.phase !== 'unconfirmed')
      throw new WeirError('NOTHING_TO_CONFIRM', { problem: this.#nothingToConfirm() });
    if (revision !== undefined && revision !== open.revision)
      throw new WeirError('REVISION_MISMATCH', { current: open.revision, given: revision });
    this.#keep(who);
    return { ...reportOf('confirmed', open.revision), seconds: 0 };
  }

  /** Undo what is unconfirmed, or what could not be undone; else bring back the documents of an earlier revision. */
  async rollback(revision: number | undefined, change: ChangeWish, asker: Asker): Promise<ChangeReport> {
    const open = this.#journal.openChange;
    if (open !== undefined && (open.phase === 'unconfirmed' || open.phase === 'rollback-failed'))
      return this.#undoOpen(open.revision, `rolled back by ${asker.who}`, asker.who);
    return this.#alone(asker.who, async () => {
      this.#mustBeCurrent(change.ifRevision);
      const target = revision ?? this.#before(this.#journal.current);
      const next = this.#latest.replaced(this.#journal.current, this.documentsOf(target));
      return this.#change(next, { ...change, restores: target }, asker);
    });
  }

  /** The document of this name, as the node is. */
  documentNamed(name: string): Document | undefined {
    return this.#latest.named(this.#revision, name);
  }

  /** Documents of a revision. @throws {WeirError} `NOT_FOUND`. */
  documentsOf(revision: number): DocumentSet {
    if (revision !== 0 && this.#journal.revision(revision) === undefined)
      throw new WeirError('NOT_FOUND', { what: 'revision', name: revision, hint: '' });
    return this.#latest.of(revision);
  }

  history(limit: number, before?: number): readonly RevisionRecord[] {
    return this.#journal.history(limit, before);
  }

  /** Make a change of the engine's own accord; nobody confirms it. `undefined` when somebody else is changing. */
  async restoreDocuments(target: number, reason: string): Promise<ChangeReport> {
    const asker = { who: 'weir', peers: [] };
    const wish = { confirmSeconds: 0, probes: ['none'], reason, restores: target };
    return this.#alone(asker.who, () => {
      const next = this.#latest.replaced(this.#journal.current, this.documentsOf(target));
      return this.#change(next, wish, asker, { whole: true });
    });
  }

  /** Bring these objects back as the current documents say, and leave all others. */
  async restoreObjects(ids: ReadonlySet<ObjectId>): Promise<ChangeReport> {
    const asker = { who: 'weir', peers: [] };
    const wish = { confirmSeconds: 0, probes: ['none'], reason: 'others had changed it' };
    return this.#alone(asker.who, () => {
      const next = this.#latest.merged(this.#journal.current, []);
      return this.#change(next, wish, asker, { whole: true, only: ids });
    });
  }

  /** Undo the open change, whatever it is at. */
  async recoverOpen(error: string): Promise<ChangeReport | undefined> {
    const open = this.#journal.openChange;
    if (open === undefined) return undefined;
    if (open.boot === this.parts.boot) return this.#undoOpen(open.revision, error, 'weir');
    this.#journal.rolledBack(`${error}, and the machine was started anew`);
    return reportOf('rolled-back', open.revision, error);
  }

  /** What went wrong at the start, for whoever asks. */
  set problem(problem: string | undefined) {
    this.#problem = problem;
  }

  /** Undo what nobody has confirmed: nobody will be there to do it in time. */
  async stop(): Promise<void> {
    const open = this.#journal.openChange;
    if (open?.phase !== 'unconfirmed' || this.#lock.holder?.phase !== 'unconfirmed') return;
    await this.#undoOpen(open.revision, 'the agent was stopped before anybody confirmed it', 'weir');
  }

  /** Stop the clock; an unconfirmed change is undone at the next start. */
  close(): void {
    clearTimeout(this.#timer);
    this.#journal.close();
  }

  async #alone(who: string, work: () => Promise<ChangeReport>): Promise<ChangeReport> {
    this.#lock.take(who, 'plan');
    const start = this.parts.clock.monotonic();
    try {
      const report = await work();
      if (report.status !== 'unconfirmed') this.#release();
      return { ...report, seconds: (this.parts.clock.monotonic() - start) / 1000 };
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #release(): void {
    this.#lock.release();
    this.parts.policies.guard([]);
    void this.parts.policies.settle();
    this.#open = undefined;
    this.#progress = undefined;
  }

  #next({ documents, prune, remove }: PlanWish): NextDocuments {
    const revision = this.#revision;
    return prune
      ? this.#latest.replaced(revision, documents)
      : this.#latest.merged(revision, documents, remove);
  }

  #prepare(next: NextDocuments, asker: Asker, options: PrepareOptions = {}): Promise<Prepared> {
    return this.#preparation.prepare(next, this.#ownedNext(), asker, options);
  }

  async #change(
    next: NextDocuments,
    wish: ChangeWish,
    asker: Asker,
    { whole = false, only }: { readonly whole?: boolean; readonly only?: ReadonlySet<ObjectId> } = {},
  ): Promise<ChangeReport> {
    const all = await this.#prepare(next, asker, { whole, releases: wish.restores !== undefined });
    const prepared = only === undefined ? all : narrowed(all, only);
    const { plan } = prepared;
    mustBeAllowed(plan.diagnostics);
    const counts = countsOf(plan);
    const about = { counts, diagnostics: [...plan.diagnostics] };
    const current = this.#journal.current;
    if (this.#changesNothing(prepared, next)) return { ...reportOf('unchanged', current), ...about };
    await checkObjects(this.parts, prepared.desired, prepared.observed, true);
    const probes = await this.#probe(wish, asker, plan);
    const revision = this.#begin(prepared, next, wish, asker);
    const progress = new Progress(this.parts, this.#holder(), revision);
    this.#progress = progress;
    // without whoever has to confirm it, nobody could
    if (wish.confirmSeconds > 0 && changesPolicy(plan.actions)) this.parts.policies.guard(asker.peers);
    const error = await carryOut(this.parts, { plan, desired: prepared.desired, probes, progress });
    about.diagnostics.push(...(await policyWarnings(this.parts, prepared, asker.peers)));
    const results = { ...about, probes: [...probes.results] };
    if (error !== undefined) {
      const undone = await undo(this.parts, this.#journal, progress, error);
      return { ...reportOf(undone.status, revision, error), ...results, ...leftovers(undone) };
    }
    if (wish.confirmSeconds === 0 || plan.actions.length === 0) {
      this.#keep(asker.who);
      return { ...reportOf('confirmed', revision), ...results };
    }
    const deadline = this.#awaitConfirmation(wish.confirmSeconds, progress);
    return { ...reportOf('unconfirmed', revision), ...results, deadline };
  }

  /** What is owned once the open change is confirmed. */
  #ownedNext(): ReadonlyMap<ObjectId, OwnedObject> {
    return this.#open === undefined ? this.#owned.all : this.#owned.with(this.#open.owned);
  }

  #changesNothing({ plan, owned }: Prepared, { difference }: NextDocuments): boolean {
    return plan.actions.length === 0 && ownedDelta(owned, plan.owns).size === 0 && isSame(difference);
  }

  async #probe(wish: ChangeWish, asker: Asker, plan: Plan): Promise<Probes> {
    if (plan.actions.length === 0) return NO_PROBES;
    this.#holder().phase = 'probe';
    return probeBefore(chooseProbes(this.parts, wish.probes, asker.peers));
  }

  /** All that the way back needs is durable after this. */
  #begin(prepared: Prepared, next: NextDocuments, wish: ChangeWish, { who }: Asker): number {
    const { plan, scope } = prepared;
    const owned = ownedDelta(prepared.owned, plan.owns);
    const revision = this.#journal.begin({
      time: this.parts.clock.now(),
      who,
      ...(wish.reason !== undefined && { reason: wish.reason }),
      ...(wish.restores !== undefined && { restores: wish.restores }),
      counts: countsOf(plan),
      documents: () => next.all(),
      ...(scope && { since: { revision: next.base, gone: scope.gone, set: scope.documents } }),
      plan: planText(plan),
      image: imageFor(prepared),
      owned,
      boot: this.parts.boot,
    });
    this.#open = { revision, owned, scope };
    this.#latest.began(revision, next);
    return revision;
  }

  #keep(who: string): void {
    clearTimeout(this.#timer);
    const open = this.#open;
    if (open === undefined) throw new WeirError('INTERNAL', { problem: 'a revision without its change' });
    this.#journal.confirm(who, this.parts.boot, () => this.#owned.all.size);
    this.#owned.apply(open.owned);
    this.#latest.kept(open.scope);
    this.#problem = undefined;
    this.#progress?.end('confirmed');
    this.#release();
    this.onOwned(open.scope);
  }

  #awaitConfirmation(seconds: number, progress: Progress): string {
    const deadline = this.parts.clock.now() + seconds * 1000;
    this.#journal.advance('unconfirmed', deadline);
    const holder = this.#holder();
    holder.phase = 'unconfirmed';
    holder.deadline = deadline;
    const { revision } = this.#journal.openChange ?? { revision: 0 };
    // not the wall clock, which may jump: a timer counts what has really passed
    this.#timer = setTimeout(() => void this.#expire(revision), seconds * 1000);
    progress.end('unconfirmed');
    return new Date(deadline).toISOString();
  }

  async #expire(revision: number): Promise<void> {
    try {
      await this.#undoOpen(revision, 'nobody confirmed it in time', 'weir');
    } catch (error) {
      this.parts.warn(`the unconfirmed revision ${revision} could not be undone: ${messageOf(error)}`);
    }
  }

  async #undoOpen(revision: number, error: string, who: string): Promise<ChangeReport> {
    clearTimeout(this.#timer);
    if (this.#lock.holder?.phase === 'unconfirmed') this.#lock.release();
    return this.#alone(who, async () => {
      const progress = new Progress(this.parts, this.#holder(), revision);
      this.#progress = progress;
      const undone = await undo(this.parts, this.#journal, progress, error);
      this.#problem = undone.status === 'rolled-back' ? undefined : `revision ${revision}: ${error}`;
      const why = undone.status === 'rolled-back' ? undefined : error;
      return { ...reportOf(undone.status, revision, why), ...leftovers(undone) };
    });
  }

  #holder() {
    const { holder } = this.#lock;
    if (holder === undefined) throw new WeirError('INTERNAL', { problem: 'a change without its lock' });
    return holder;
  }

  #mustBeCurrent(given: number | undefined): void {
    const { current } = this.#journal;
    if (given !== undefined && given !== current)
      throw new WeirError('REVISION_MISMATCH', { current, given });
  }

  /** The revision that the node is as: also one that waits for its confirmation. */
  get #revision(): number {
    const { openChange, current } = this.#journal;
    return openChange?.phase === 'unconfirmed' ? openChange.revision : current;
  }

  #before(revision: number): number {
    return this.#journal.confirmedBefore(revision)[0] ?? 0;
  }

  #nothingToConfirm(): string {
    const [last] = this.#journal.history(1);
    if (last === undefined) return 'nothing was ever applied';
    return `nothing waits for a confirmation: revision ${last.revision} is ${last.state}`;
  }
}
