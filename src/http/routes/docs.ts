// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { DeclareRoutes } from '../docs.ts';
import { get, NO_QUERY } from '../route.ts';

/** Gives the application behind both routes; made on the first call. */
export type DocsApp = () => Promise<FastifyInstance>;

/** A {@link DocsApp} that describes the routes of `declare`. */
export function lazyDocs(declare: DeclareRoutes, version: string): DocsApp {
  let app: Promise<FastifyInstance> | undefined;
  return () => {
    app ??= import('../docs.ts').then(({ buildDocs }) => buildDocs(declare, version));
    return app;
  };
}

/** `/openapi.json`. */
export function openapiRoutes(app: FastifyInstance, docs: DocsApp): void {
  get(app, {
    url: '/openapi.json',
    access: 'read',
    tag: 'agent',
    summary: 'This API as OpenAPI 3.1',
    query: NO_QUERY,
    response: Type.Object({}, { additionalProperties: true, description: 'OpenAPI 3.1' }),
    handle: async () => (await docs()).swagger(),
  });
}

/** `/docs`: the page of the description, and what it loads. */
export function docsRoutes(app: FastifyInstance, docs: DocsApp): void {
  for (const url of ['/docs', '/docs/*'])
    app.get(url, { config: { access: 'read' }, exposeHeadRoute: false }, async (request, reply) => {
      const { routing } = await docs();
      reply.hijack();
      routing(request.raw, reply.raw);
    });
}
