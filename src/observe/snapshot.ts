// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { isWeirError, messageOf } from '../base/errors.ts';
import type { Wire } from '../base/wire.ts';
import { type NamespaceIo, NETLINK, type NetlinkTransport, type Subscription } from '../kernel/ports.ts';
import type { Address } from '../model/address.ts';
import type { Change } from '../model/change.ts';
import { AttributeRefresher } from './attribute-refresher.ts';
import { BackOff } from './back-off.ts';
import { differences } from './differences.ts';
import { dumpLinkTable } from './dump-link-table.ts';
import { EventQueue, type QueuedEvent } from './event-queue.ts';
import { applyLinkEvent, type LinkTableChange, SNAPSHOT_GROUPS } from './link-events.ts';
import { LinkTable, type ObservedLink } from './link-table.ts';
import { TimeSlice } from './time-slice.ts';

export type { ObservedLink } from './link-table.ts';

/** How well a snapshot keeps up. */
export interface SnapshotStatus {
  /** The snapshot is whole and follows the kernel's events. */
  readonly current: boolean;
  /** Dumps so far. */
  readonly synchronisations: number;
  /** Times the kernel dropped events because they were not read fast enough. */
  readonly overruns: number;
  /** Events that wait to be applied. */
  readonly waiting: number;
  /** Why the last synchronisation failed; absent when it succeeded. */
  readonly error?: string;
}

export interface SnapshotOptions {
  /** Milliseconds between dumps that catch what the kernel changes without an event. */
  readonly refreshMs?: number;
  /** Bytes of the event socket's receive buffer, for tests that want it to overrun. */
  readonly receiveBuffer?: number;
}

/** Told of each change, in order. It must not throw. */
export type ChangeListener = (change: Change) => void;

const REFRESH_MS = 300_000;

/**
 * The links and addresses of one network namespace, kept current by the kernel's events.
 *
 * Each synchronisation opens a new event socket before it dumps, so that every event in it is younger than
 * the dump's beginning: applied in order on top of the dump they lead to the present. After an overrun the
 * old socket still holds events from before the loss, which would bring deleted devices back; it is closed
 * unread.
 */
export class NamespaceSnapshot {
  readonly netns: string;
  readonly #io: NamespaceIo;
  readonly #options: SnapshotOptions;
  readonly #queue = new EventQueue();
  readonly #listeners = new Set<ChangeListener>();
  readonly #backOff = new BackOff(50, 5_000);
  readonly #stop = new AbortController();
  readonly #attributes: AttributeRefresher;
  #table: LinkTable;
  #subscription: Subscription | undefined;
  #state: 'new' | 'synchronising' | 'current' | 'closed' = 'new';
  #again = false;
  #draining = false;
  #synchronisations = 0;
  #overruns = 0;
  #error: string | undefined;
  #refresh: ReturnType<typeof setInterval> | undefined;

  constructor(io: NamespaceIo, options: SnapshotOptions = {}) {
    this.netns = io.netns.name;
    this.#io = io;
    this.#options = options;
    this.#table = new LinkTable(this.netns);
    this.#attributes = new AttributeRefresher(io, () => this.#table);
  }

  /**
   * Fill the snapshot and begin to follow events. When the kernel changes too fast for a dump the snapshot
   * stays empty for now and `status()` says so: it goes on trying.
   *
   * @throws {WeirError} when the namespace cannot be read.
   */
  async start(): Promise<void> {
    this.#state = 'synchronising';
    try {
      await this.#synchronise(await this.#io.netlink(NETLINK.ROUTE));
    } catch (error) {
      if (!(isWeirError(error) && error.kind.retryable)) throw error;
      this.#error = messageOf(error);
      void this.#resynchroniseSoon();
    }
    this.#refresh = setInterval(() => this.#resynchronise(), this.#options.refreshMs ?? REFRESH_MS);
    this.#refresh.unref();
  }

  /** Devices by ascending ifindex. */
  links(): readonly ObservedLink[] {
    return this.#table.rows();
  }

  link(ifindex: number): ObservedLink | undefined {
    return this.#table.row(ifindex);
  }

  /** Name of a device, undefined when there is none with this index. */
  linkName(ifindex: number): string | undefined {
    return this.#table.nameOf(ifindex);
  }

  /** Addresses by ascending ifindex of their devices. */
  addresses(): readonly Address[] {
    return this.#table.addresses();
  }

  status(): SnapshotStatus {
    return {
      current: this.#state === 'current' && this.#queue.size === 0 && !this.#again,
      synchronisations: this.#synchronisations,
      overruns: this.#overruns,
      waiting: this.#queue.size,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Hear of every change to links and addresses from now on, also those that a new dump brings to light. */
  onChange(listener: ChangeListener): Subscription {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  /** Stop following; the content stays readable. */
  close(): void {
    this.#state = 'closed';
    this.#stop.abort();
    clearInterval(this.#refresh);
    this.#subscription?.close();
    this.#attributes.close();
    this.#queue.clear();
    this.#listeners.clear();
  }

  async #synchronise(transport: NetlinkTransport): Promise<void> {
    this.#subscription?.close();
    this.#queue.clear();
    this.#again = false;
    this.#subscription = await this.#subscribe(transport);
    const fresh = await dumpLinkTable(transport, this.netns, this.#table, this.#stop.signal);
    if (this.closed) return;
    this.#synchronisations++;
    const changes = this.#listeners.size === 0 ? [] : await differences(this.#table, fresh);
    if (this.closed) return;
    this.#table = fresh;
    this.#attributes.wake();
    await this.#announce(changes);
    if (this.closed) return;
    this.#state = 'current';
    if (this.#again) this.#resynchronise();
    else this.#wake();
  }

  async #subscribe(transport: NetlinkTransport): Promise<Subscription> {
    const { receiveBuffer } = this.#options;
    const subscription = await transport.subscribe(
      SNAPSHOT_GROUPS,
      {
        message: (wire, start, end, type) => this.#received(wire, start, end, type),
        overrun: () => {
          this.#overruns++;
          this.#resynchronise();
        },
        failed: (error) => {
          this.#error = error.message;
          this.#resynchronise();
        },
      },
      receiveBuffer === undefined ? {} : { receiveBuffer },
    );
    if (this.closed) subscription.close();
    return subscription;
  }

  #received(wire: Wire, start: number, end: number, type: number): void {
    if (this.#queue.push(wire, start, end, type)) this.#wake();
    else this.#resynchronise();
  }

  /** Ask for a new dump; requests that come while one is on its way are one. */
  #resynchronise(): void {
    this.#again = true;
    if (this.#state !== 'current') return;
    this.#state = 'synchronising';
    void this.#resynchroniseSoon();
  }

  async #resynchroniseSoon(): Promise<void> {
    do {
      const delay = this.#backOff.delay(performance.now());
      await sleep(delay, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {});
    } while (!this.closed && !(await this.#retry()));
  }

  /** @returns whether it succeeded, or was closed meanwhile. */
  async #retry(): Promise<boolean> {
    try {
      await this.#synchronise(await this.#io.netlink(NETLINK.ROUTE));
      this.#error = undefined;
      return true;
    } catch (error) {
      this.#error = messageOf(error);
      return this.closed;
    }
  }

  #wake(): void {
    if (this.#draining || this.#state !== 'current' || this.#queue.size === 0) return;
    this.#draining = true;
    void this.#drain().finally(() => {
      this.#draining = false;
      this.#wake();
    });
  }

  /** Apply what waits, in stretches short enough for everything else to run in between. */
  async #drain(): Promise<void> {
    const slice = new TimeSlice();
    await slice.pause();
    while (this.#state === 'current') {
      const event = this.#queue.shift();
      if (event === undefined) break;
      this.#apply(event);
      if (slice.spent) await slice.pause();
    }
    this.#attributes.wake();
  }

  /** A message that cannot be read is reported and costs nothing but itself. */
  #apply(event: QueuedEvent): void {
    try {
      for (const change of applyLinkEvent(this.#table, event)) this.#tell(change);
    } catch (error) {
      this.#error = messageOf(error);
    }
  }

  async #announce(changes: readonly LinkTableChange[]): Promise<void> {
    const slice = new TimeSlice();
    for (const change of changes) {
      this.#tell(change);
      if (slice.spent) await slice.pause();
    }
  }

  #tell(change: LinkTableChange): void {
    if (this.#listeners.size === 0) return;
    const full: Change = { ...change, netns: this.netns, time: Date.now() };
    for (const listener of this.#listeners) listener(full);
  }

  /** `close` was called. */
  get closed(): boolean {
    return this.#state === 'closed';
  }
}
