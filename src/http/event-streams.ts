// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Feed } from '../api/service.ts';
import { WeirError } from '../base/errors.ts';
import { EventStream, type StreamEvent, type StreamLimits } from './event-stream.ts';

export interface EventLimits extends StreamLimits {
  /** Streams at a time. */
  readonly streams: number;
}

/** What begins to follow a feed from behind the event with this id. */
export type Follow = (after: string | undefined, deliver: (event: StreamEvent) => void) => Promise<Feed>;

/** The streams of server-sent events of an application, of all its routes. */
export class EventStreams {
  readonly #limits: EventLimits;
  readonly #streams = new Set<EventStream>();
  #opening = 0;

  constructor(app: FastifyInstance, limits: EventLimits) {
    this.#limits = limits;
    app.addHook('preClose', async () => {
      for (const stream of this.#streams) stream.close();
    });
  }

  /** Answer with a stream. @throws {WeirError} `TOO_MANY`, or what `follow` throws. */
  async open({ headers }: FastifyRequest, reply: FastifyReply, follow: Follow): Promise<void> {
    const { streams: limit } = this.#limits;
    if (this.#streams.size + this.#opening >= limit)
      throw new WeirError('TOO_MANY', { what: 'event streams', limit });
    this.#opening++;
    try {
      await this.#open(lastId(headers['last-event-id']), reply, follow);
    } finally {
      this.#opening--;
    }
  }

  async #open(after: string | undefined, reply: FastifyReply, follow: Follow): Promise<void> {
    const waiting: StreamEvent[] = [];
    let deliver = (event: StreamEvent): void => {
      waiting.push(event);
    };
    // Follow first: a namespace that does not exist is still an ordinary error.
    const feed = await follow(after, (event) => deliver(event));
    reply.hijack();
    const stream = new EventStream(reply.raw, this.#limits);
    deliver = (event) => stream.send(event);
    waiting.forEach(deliver);
    this.#streams.add(stream);
    const end = () => {
      feed.close();
      this.#streams.delete(stream);
    };
    if (reply.raw.closed) end();
    else reply.raw.once('close', end);
  }
}

/** A header that is given twice is none. */
function lastId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
