// SPDX-License-Identifier: Apache-2.0
import type { EventQuery, FeedEvent, Gap } from '../api/schemas/events.ts';
import type { FeedChange } from '../model/change.ts';

/** Receives events in order. */
export type Deliver = (event: FeedEvent) => void;

interface Follower {
  readonly query: EventQuery;
  readonly deliver: Deliver;
}

/**
 * The last changes, numbered, and those who follow them. What is no longer kept is told as a gap, never left out in
 * silence. Ids are `run-number`; a number means nothing in another run of the agent.
 */
export class EventLog {
  readonly #run: string;
  readonly #capacity: number;
  readonly #followers = new Set<Follower>();
  #kept: FeedEvent[] = [];
  #last = 0;
  /** Number of the last event before which nothing is kept. */
  #before = 0;

  /** @param capacity Most changes that are kept for who comes back. */
  constructor(run: string, capacity: number) {
    this.#run = run;
    this.#capacity = capacity;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Number a change and hand it to those who want it. */
  publish(change: FeedChange): void {
    const event = new LoggedEvent(`${this.#run}-${++this.#last}`, change);
    this.#kept.push(event);
    // In steps, so that a burst does not move the whole array for each event.
    if (this.#kept.length >= 2 * this.#capacity) this.#kept = this.#kept.slice(this.#capacity);
    this.#before = this.#last - this.#kept.length;
    for (const { query, deliver } of this.#followers) if (wanted(event, query)) deliver(event);
  }

  /** Follow from now on, or from behind the event `after` as far as that is kept. @returns how to stop. */
  follow(query: EventQuery, after: string | undefined, deliver: Deliver): () => void {
    if (after !== undefined) this.#replay(query, after, deliver);
    const follower = { query, deliver };
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Forget what is kept: changes will happen that nobody records. */
  interrupt(): void {
    this.#kept = [];
    this.#before = ++this.#last;
  }

  #replay(query: EventQuery, after: string, deliver: Deliver): void {
    const [, run, digits] = /^(\w+)-(\d{1,15})$/.exec(after) ?? [];
    const number = run === this.#run ? Number(digits) : -1;
    const known = number >= this.#before && number <= this.#last;
    if (!known) deliver(new LoggedEvent(`${this.#run}-${this.#before}`, { kind: 'gap', reason: 'expired' }));
    const start = known ? number - this.#before : 0;
    for (const event of this.#kept.slice(start)) if (wanted(event, query)) deliver(event);
  }
}

class LoggedEvent implements FeedEvent {
  readonly id: string;
  readonly body: FeedChange | Gap;
  #json: string | undefined;

  constructor(id: string, body: FeedChange | Gap) {
    this.id = id;
    this.body = body;
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.body, withoutRaw);
    return this.#json;
  }
}

/** Metrics need `raw` of a link; everybody else has the same in words. */
function withoutRaw(key: string, value: unknown): unknown {
  return key === 'raw' ? undefined : value;
}

function wanted({ body }: FeedEvent, { kind, netns }: EventQuery): boolean {
  if (body.kind === 'gap') return true;
  if (netns !== undefined && body.netns !== netns) return false;
  if (kind === undefined) return true;
  return body.kind === 'lost' ? body.kinds.some((one) => kind.includes(one)) : kind.includes(body.kind);
}
