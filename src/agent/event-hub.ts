// SPDX-License-Identifier: Apache-2.0
import type { EventQuery } from '../api/schemas/events.ts';
import type { Feed } from '../api/service.ts';
import { messageOf } from '../base/errors.ts';
import type { Subscription } from '../kernel/ports.ts';
import type { FeedChange } from '../model/change.ts';
import type { NamespaceSet, ObservedNamespace } from '../observe/namespace-set.ts';
import { type StreamedKind, watchChanges } from '../observe/watch.ts';
import { type Deliver, EventLog } from './event-log.ts';

const STREAMED: readonly StreamedKind[] = ['route', 'rule', 'neighbour', 'nexthop'];
/** Changes that are kept for followers who come back. */
const KEPT = 2_000;
/** Milliseconds for which changes are still recorded when the last follower has left. */
const LINGER_MS = 30_000;

/**
 * Changes of all watched namespaces for whoever follows them. The kernel is listened to only while somebody does, and
 * a little longer, so that a follower who comes back at once has missed nothing.
 */
export class EventHub {
  readonly #namespaces: NamespaceSet;
  readonly #log: EventLog;
  readonly #warn: (problem: string) => void;
  readonly #subscriptions = new Map<ObservedNamespace, Promise<readonly Subscription[]>>();
  #arrivals: Subscription | undefined;
  #linger: NodeJS.Timeout | undefined;

  /** @param run Names this run of the agent in the ids of events. */
  constructor(namespaces: NamespaceSet, run: string, warn: (problem: string) => void) {
    this.#namespaces = namespaces;
    this.#log = new EventLog(run, KEPT);
    this.#warn = warn;
  }

  /** Follow changes; resolves when the kernel is listened to. */
  async follow(query: EventQuery, after: string | undefined, deliver: Deliver): Promise<Feed> {
    clearTimeout(this.#linger);
    const stop = this.#log.follow(query, after, deliver);
    this.#open();
    await Promise.all(this.#subscriptions.values());
    return {
      close: () => {
        stop();
        if (this.#log.followers > 0) return;
        clearTimeout(this.#linger);
        this.#linger = setTimeout(() => this.close(), LINGER_MS);
        this.#linger.unref();
      },
    };
  }

  /** Tell followers of something that the agent did or found itself. */
  publish(change: FeedChange): void {
    this.#log.publish(change);
  }

  /** Stop listening to the kernel. */
  close(): void {
    clearTimeout(this.#linger);
    this.#arrivals?.close();
    this.#arrivals = undefined;
    for (const namespace of this.#subscriptions.keys()) this.#ignore(namespace);
    this.#log.interrupt();
  }

  #open(): void {
    if (this.#arrivals !== undefined) return;
    this.#arrivals = this.#namespaces.onChange((event, namespace) => {
      if (event === 'added') this.#listen(namespace);
      else this.#ignore(namespace);
    });
    for (const namespace of this.#namespaces.all()) this.#listen(namespace);
  }

  #listen(namespace: ObservedNamespace): void {
    this.#subscriptions.set(namespace, this.#subscribe(namespace));
  }

  #ignore(namespace: ObservedNamespace): void {
    const subscriptions = this.#subscriptions.get(namespace);
    this.#subscriptions.delete(namespace);
    void subscriptions?.then((all) => {
      for (const one of all) one.close();
    });
  }

  /** Never rejects: a namespace that cannot be listened to is reported, and the others are followed. */
  async #subscribe({ name, io, snapshot }: ObservedNamespace): Promise<readonly Subscription[]> {
    const publish = this.#log.publish.bind(this.#log);
    const links = snapshot.onChange(publish);
    const failed = (error: unknown) =>
      this.#warn(`changes in the namespace "${name}" cannot be followed: ${messageOf(error)}`);
    try {
      const names = (ifindex: number) => snapshot.linkName(ifindex);
      return [links, await watchChanges(io, STREAMED, publish, { names, failed })];
    } catch (error) {
      failed(error);
      return [links];
    }
  }
}
