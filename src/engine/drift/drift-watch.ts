// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import { NETLINK, type Subscription } from '../../kernel/ports.ts';
import type { ClassName, ObjectId } from '../../model/object.ts';
import type { Action, DesiredObject } from '../../plan/plan.ts';
import { planReport } from '../../plan/report.ts';
import { selectedNamespaces } from '../../plan/select.ts';
import { withDevices } from '../devices.ts';
import type { Engine } from '../engine.ts';
import type { Scope } from '../latest.ts';
import { declaredBy, driftOf } from '../planning.ts';
import { isPolicyClass } from '../policy/objects.ts';
import { withProfiles } from '../profiles.ts';
import { classesOf, groupsFor, SILENT } from './groups.ts';
import { Restorer } from './restorer.ts';
import { RouteFilter } from './route-filter.ts';

/** Milliseconds from an event to the look at what it was about: events come in bursts. */
const SETTLE_MS = 200;
/** A look that took t is followed by a pause of this many t, so that looking takes a few percent of the time. */
const PAUSE = 20;
/** Milliseconds between looks at what the kernel says nothing about. */
const SILENT_MS = 60_000;
/** Milliseconds after which what could not be restored is tried again; each failure in a row doubles it. */
const RETRY_MS = 5_000;
const RETRY_MOST_MS = 600_000;

/** An owned object that differs from its document. */
export interface DriftEntry {
  readonly id: ObjectId;
  /** ISO 8601 */
  readonly since: string;
  readonly policy: 'report' | 'restore';
  /** What would bring it back; secrets are left out. */
  readonly action: Action;
}

/**
 * Watches what documents declare for changes by others. Nothing is watched while no object is owned, and nothing is
 * looked at while a change is under way.
 */
export class DriftWatch {
  readonly #engine: Engine;
  readonly #restorer: Restorer;
  readonly #drifted = new Map<ObjectId, DriftEntry>();
  readonly #dirty = new Map<string, Set<ClassName>>();
  #desired = new Map<ObjectId, DesiredObject>();
  /** Namespaces where documents select devices. */
  #selecting: ReadonlySet<string> = new Set();
  #subscriptions: Subscription[] = [];
  /** Classes that are watched, by namespace. */
  #watched: ReadonlyMap<string, ReadonlySet<ClassName>> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #silent: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #notBefore = 0;
  #failures = 0;
  #looking = false;
  #closed = false;
  /** Called when what differs has changed. */
  onChange: () => void = () => {};

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#restorer = new Restorer(engine);
  }

  items(): DriftEntry[] {
    return [...this.#drifted.values()];
  }

  /** A change was kept that was about `scope`, or about everything: watch what is owned now. */
  async owns(scope: Scope | undefined): Promise<void> {
    const { ids = new Set<ObjectId>(), desired = [] } = scope ?? {};
    const known = desired.every(({ netns, class: name }) => this.#watched.get(netns)?.has(name) === true);
    if (scope === undefined || !known || this.#silent === undefined) return this.renew();
    // it was read back a moment ago
    for (const id of ids) this.#desired.delete(id);
    for (const object of desired) this.#desired.set(object.id, object);
    const forgotten = [...ids].filter((id) => this.#drifted.delete(id));
    if (forgotten.length > 0) this.onChange();
  }

  /** Watch what is owned now, and look at all of it. */
  async renew(): Promise<void> {
    this.#stop();
    const { owned, journal, parts } = this.#engine;
    for (const id of this.#drifted.keys()) if (!owned.has(id)) this.#drifted.delete(id);
    this.onChange();
    if (owned.size === 0) return;
    try {
      this.#selecting = selectedNamespaces(this.#engine.documentsOf(journal.current));
      await this.#resolve();
    } catch (error) {
      // a device that a document looks for may come back
      parts.warn(`drift is not watched: ${messageOf(error)}`);
      this.#retry = setTimeout(() => void this.renew(), SILENT_MS);
      return;
    }
    this.#watched = this.#classes();
    for (const [netns, classes] of this.#watched) {
      await this.#subscribe(netns, classes);
      this.#touch(netns, classes);
    }
    this.#silent = setInterval(() => this.#touchSilent(), SILENT_MS);
  }

  /** Objects of these classes may have been changed: look at them. */
  suspect(netns: string, classes: readonly ClassName[]): void {
    const watched = this.#watched.get(netns);
    this.#touch(
      netns,
      classes.filter((name) => watched?.has(name) === true),
    );
  }

  /** What the documents mean now: devices that they look for come and go. */
  async #resolve(): Promise<void> {
    const { journal, owned, parts } = this.#engine;
    const named = await withDevices(parts, this.#engine.documentsOf(journal.current));
    const { documents } = await withProfiles(parts, named, (id) => owned.has(id));
    this.#desired = new Map(declaredBy(documents).map((object) => [object.id, object]));
    for (const id of this.#drifted.keys()) if (!this.#desired.has(id)) this.#drifted.delete(id);
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#silent);
    clearTimeout(this.#retry);
    this.#timer = undefined;
    this.#silent = undefined;
    for (const subscription of this.#subscriptions.splice(0)) subscription.close();
    this.#dirty.clear();
  }

  /** Classes of the owned objects, by namespace. */
  #classes(): ReadonlyMap<string, ReadonlySet<ClassName>> {
    const classes = new Map<string, Set<ClassName>>();
    for (const { netns, class: name } of this.#desired.values())
      classes.set(netns, (classes.get(netns) ?? new Set()).add(name));
    for (const netns of this.#selecting) classes.get(netns)?.add('attachment').add('filter');
    return classes;
  }

  async #subscribe(netns: string, classes: ReadonlySet<ClassName>): Promise<void> {
    const routes = new RouteFilter(this.#engine.owned.values());
    const heard: readonly ClassName[] = [...classes].filter((name) => !isPolicyClass(name));
    const all = () => this.#touch(netns, heard);
    try {
      const transport = await (await this.#engine.parts.open(netns)).netlink(NETLINK.ROUTE);
      const subscription = await transport.subscribe(groupsFor(classes), {
        message: (wire, start, end, type) => {
          const about = classesOf(type);
          if (about === undefined) all();
          else if (!about.includes('route') || about.length > 1 || routes.concerns(wire, start, end))
            this.#touch(
              netns,
              about.filter((name) => heard.includes(name)),
            );
        },
        overrun: all,
      });
      this.#subscriptions.push(subscription);
    } catch (error) {
      this.#engine.parts.warn(`changes in the namespace "${netns}" are not seen: ${messageOf(error)}`);
    }
  }

  #touchSilent(): void {
    for (const [netns, classes] of this.#classes())
      this.#touch(
        netns,
        SILENT.filter((name) => classes.has(name)),
      );
  }

  #touch(netns: string, classes: Iterable<ClassName>): void {
    const dirty = this.#dirty.get(netns) ?? new Set<ClassName>();
    for (const name of classes) dirty.add(name);
    if (dirty.size === 0) return;
    this.#dirty.set(netns, dirty);
    if (!this.#looking) this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#dirty.size === 0 || this.#closed) return;
    const wait = Math.max(SETTLE_MS, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, wait);
  }

  async #look(): Promise<void> {
    if (!this.#engine.idle) return this.#schedule();
    this.#looking = true;
    const start = performance.now();
    try {
      if ([...this.#dirty.keys()].some((netns) => this.#selecting.has(netns))) await this.#resolve();
      for (const [netns, classes] of [...this.#dirty]) {
        this.#dirty.delete(netns);
        await this.#compare(netns, classes);
      }
    } catch (error) {
      this.#engine.parts.warn(`looking for drift: ${messageOf(error)}`);
    }
    this.#looking = false;
    this.#notBefore = performance.now() + PAUSE * (performance.now() - start);
    this.#schedule();
  }

  async #compare(netns: string, classes: ReadonlySet<ClassName>): Promise<void> {
    const { owned, parts } = this.#engine;
    const revision = this.#engine.journal.current;
    const desired = [...this.#desired.values()].filter(
      (one) => one.netns === netns && classes.has(one.class),
    );
    const actions = await driftOf(parts.reader, desired, owned);
    // a change that began meanwhile is no drift
    if (!this.#engine.idle || this.#engine.journal.current !== revision || this.#closed) return;
    const differing = new Map(actions.map((action) => [action.id, action]));
    let changed = false;
    for (const object of desired) changed = this.#note(object, differing.get(object.id)) || changed;
    if (changed) this.onChange();
    const restorable = [...differing.keys()].filter((id) => this.#drifted.get(id)?.policy === 'restore');
    if (restorable.length > 0) void this.#bringBack(restorable, netns, classes);
  }

  /** What it takes may be missing now and there later, without another event. */
  async #bringBack(ids: readonly ObjectId[], netns: string, classes: ReadonlySet<ClassName>): Promise<void> {
    const done = await this.#restorer.restore(ids);
    clearTimeout(this.#retry);
    this.#failures = done ? 0 : this.#failures + 1;
    if (done || this.#closed) return;
    const pause = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MOST_MS);
    this.#retry = setTimeout(() => this.#touch(netns, classes), pause);
  }

  /** @returns true when this is news. */
  #note({ id, netns, drift: policy }: DesiredObject, action: Action | undefined): boolean {
    const known = this.#drifted.has(id);
    if (known === (action !== undefined)) return false;
    const { clock, publish } = this.#engine.parts;
    const about = { kind: 'drift', netns, time: clock.now(), id, policy } as const;
    if (action === undefined) {
      this.#drifted.delete(id);
      publish({ ...about, state: 'restored' });
      return true;
    }
    const plan = { actions: [action], diagnostics: [], adopted: [], owns: [] };
    const [shown = action] = planReport(plan).actions;
    this.#drifted.set(id, { id, since: new Date(about.time).toISOString(), policy, action: shown });
    publish({ ...about, state: 'drifted', ...(action.fields && { fields: action.fields }) });
    return true;
  }
}
