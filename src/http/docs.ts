// SPDX-License-Identifier: Apache-2.0
// The description of the API, and the page that shows it. Both come from a second application that is made when first
// asked for and never listens: an agent that nobody asks pays nothing.
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';

/** Declares the routes to be described. */
export type DeclareRoutes = (app: FastifyInstance) => void;

/** Make the application that knows the description (`swagger()`) and serves the page below /docs. */
export async function buildDocs(declare: DeclareRoutes, version: string): Promise<FastifyInstance> {
  const { default: Fastify } = await import('fastify');
  const { default: swagger } = await import('@fastify/swagger');
  const { default: swaggerUi } = await import('@fastify/swagger-ui');
  const { schemaController } = await import('./schema-controller.ts');
  const app: FastifyInstance = Fastify({ schemaController });
  await app.register(swagger, {
    openapi: description(version) as FastifyDynamicSwaggerOptions['openapi'] & object,
    hideUntagged: true,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  await app.register(async (scope) => declare(scope));
  await app.ready();
  return app;
}

function description(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weir',
      version,
      description:
        'Observe and change the network of a Linux node. Errors are `application/problem+json` with a stable code. ' +
        'Over the Unix socket no credentials are needed: the kernel says who asks.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Token of the role, over TCP' },
        certificate: { type: 'mutualTLS', description: 'Client certificate of the role, over TCP' },
      },
    },
  };
}
