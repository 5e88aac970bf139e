// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { LinkStatsReport } from '../../api/schemas/stats.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { listBody } from '../list-body.ts';
import { get, JSON_TYPE, NO_QUERY } from '../route.ts';

/** `/v1/stats/links`: what a live view needs, in one answer. */
export function statsRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/stats/links',
    access: 'read',
    tag: 'state',
    summary: 'Counters of every device of every watched namespace at one moment',
    query: NO_QUERY,
    response: LinkStatsReport,
    handle: async ({ reply }) => {
      reply.type(JSON_TYPE);
      return listBody(await service.linkStats(THIS_NODE));
    },
  });
}
