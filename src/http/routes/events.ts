// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { EventQuery } from '../../api/schemas/events.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { EventStreams } from '../event-streams.ts';
import { get } from '../route.ts';

/** `/v1/events`: changes as server-sent events. */
export function eventRoutes(app: FastifyInstance, service: WeirService, streams: EventStreams): void {
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
    handle: ({ query, request, reply }) =>
      streams.open(request, reply, (after, deliver) => service.follow(THIS_NODE, query, after, deliver)),
  });
}
