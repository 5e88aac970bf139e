// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { EventQuery } from '../../api/schemas/events.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { WeirError } from '../../base/errors.ts';
import { EventStream, type StreamLimits } from '../event-stream.ts';
import { get } from '../route.ts';

export interface EventLimits extends StreamLimits {
  /** Streams at a time. */
  readonly streams: number;
}

/** `/v1/events`: changes as server-sent events. */
export function eventRoutes(app: FastifyInstance, service: WeirService, limits: EventLimits): void {
  const streams = new Set<EventStream>();
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.close();
  });
  get(app, {
    url: '/v1/events',
    access: 'read',
    tag: 'events',
    summary: 'Changes of links, addresses, routes, rules, neighbours and nexthops as they happen',
    query: EventQuery,
    response: {
      mediaType: 'text/event-stream',
      description: 'A stream without end; `Last-Event-ID` resumes',
    },
    noHead: true,
    handle: async ({ query, request, reply }) => {
      if (streams.size >= limits.streams)
        throw new WeirError('TOO_MANY', { what: 'event streams', limit: limits.streams });
      const after = request.headers['last-event-id'];
      let stream: EventStream | undefined;
      const early: Parameters<EventStream['send']>[0][] = [];
      // Subscribe first: a namespace that does not exist is still an ordinary error.
      const feed = service.follow(
        THIS_NODE,
        query,
        typeof after === 'string' ? after : undefined,
        (event) => {
          if (stream === undefined) early.push(event);
          else stream.send(event);
        },
      );
      reply.hijack();
      stream = new EventStream(reply.raw, limits);
      for (const event of early) stream.send(event);
      streams.add(stream);
      reply.raw.once('close', () => {
        feed.close();
        streams.delete(stream);
      });
    },
  });
}
