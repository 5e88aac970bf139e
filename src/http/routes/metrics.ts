// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { acceptsGzip, compressed } from '../compress.ts';
import { get, NO_QUERY } from '../route.ts';

/** Content type of the Prometheus text format. */
const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics`: one scrape. */
export function metricsRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/metrics',
    access: 'open',
    tag: 'metrics',
    summary: 'Metrics in the Prometheus text format',
    query: NO_QUERY,
    response: { mediaType: 'text/plain', description: 'One scrape' },
    handle: async ({ request, reply }) => {
      const chunks = await service.scrape(THIS_NODE);
      reply.raw.once('close', () => chunks.release?.());
      reply.header('vary', 'accept-encoding').type(TEXT_FORMAT);
      if (acceptsGzip(request.headers['accept-encoding'])) {
        reply.header('content-encoding', 'gzip');
        return compressed(chunks);
      }
      // As they are: joining them would double the largest buffers of the agent.
      reply.header(
        'content-length',
        chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      );
      return Readable.from(chunks);
    },
  });
}
