// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { EventQuery, type FeedEvent } from '../../api/schemas/events.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { WeirError } from '../../base/errors.ts';
import { EventStream, type StreamLimits } from '../event-stream.ts';
import { type Call, get } from '../route.ts';

export interface EventLimits extends StreamLimits {
  /** Streams at a time. */
  readonly streams: number;
}

/** `/v1/events`: changes as server-sent events. */
export function eventRoutes(app: FastifyInstance, service: WeirService, limits: EventLimits): void {
  const streams = new Set<EventStream>();
  let opening = 0;
  const open = async ({ query, request, reply }: Call<EventQuery>) => {
    const waiting: FeedEvent[] = [];
    let deliver = (event: FeedEvent): void => {
      waiting.push(event);
    };
    // Follow first: a namespace that does not exist is still an ordinary error.
    const after = lastId(request.headers['last-event-id']);
    const feed = await service.follow(THIS_NODE, query, after, (event) => deliver(event));
    reply.hijack();
    const stream = new EventStream(reply.raw, limits);
    deliver = (event) => stream.send(event);
    waiting.forEach(deliver);
    streams.add(stream);
    const end = () => {
      feed.close();
      streams.delete(stream);
    };
    if (reply.raw.closed) end();
    else reply.raw.once('close', end);
  };
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.close();
  });
  get(app, {
    url: '/v1/events',
    access: 'read',
    tag: 'events',
    summary: 'Changes of the node, by whomever, and how a change of documents gets on, as they happen',
    query: EventQuery,
    response: {
      mediaType: 'text/event-stream',
      description: 'A stream without end; `Last-Event-ID` resumes',
    },
    noHead: true,
    handle: async (call) => {
      if (streams.size + opening >= limits.streams)
        throw new WeirError('TOO_MANY', { what: 'event streams', limit: limits.streams });
      opening++;
      await open(call).finally(() => opening--);
    },
  });
}

/** A header that is given twice is none. */
function lastId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
