// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { Health, Readiness } from '../../api/schemas/node.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { get, NO_QUERY } from '../route.ts';

/** `/healthz`: the agent answers. `/readyz`: lists and metrics are whole. */
export function healthRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/healthz',
    access: 'open',
    tag: 'agent',
    summary: 'The agent answers',
    query: NO_QUERY,
    response: Health,
    handle: async () => ({ status: 'ok' }),
  });
  get(app, {
    url: '/readyz',
    access: 'open',
    tag: 'agent',
    summary: 'Lists and metrics are whole (200) or not yet (503)',
    query: NO_QUERY,
    response: Readiness,
    also: [503],
    handle: async ({ reply }) => {
      const readiness = await service.readiness(THIS_NODE);
      if (!readiness.ready) reply.code(503);
      return readiness;
    },
  });
}
