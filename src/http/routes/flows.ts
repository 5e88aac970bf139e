// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import type { FlowsService } from '../../api/flows-service.ts';
import { FlowQuery, FlowReport } from '../../api/schemas/flows.ts';
import { THIS_NODE } from '../../api/target.ts';
import { listBody } from '../list-body.ts';
import { get, JSON_TYPE } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';

/** `/v1/flows`: top talkers. */
export function flowRoutes(app: FastifyInstance, service: FlowsService): void {
  get(app, {
    url: '/v1/flows',
    access: 'read',
    tag: 'flows',
    summary: 'The flows with most bytes during the next seconds, busiest first, estimated from samples',
    query: FlowQuery,
    response: FlowReport,
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      reply.type(JSON_TYPE);
      return listBody(await service.flows(THIS_NODE, query));
    },
  });
}
