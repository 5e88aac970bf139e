// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Access } from '../api/role.ts';
import { Problem } from '../api/schemas/problem.ts';
import { validated } from '../base/validate.ts';
import { readQuery } from './query.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks of its caller; a route without it cannot be declared. */
    access?: Access;
  }
}

/** One call of a route. */
export interface Call<Query> {
  readonly query: Query;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A route as it is declared: what it needs, takes and gives. The description of the API is made from the same. */
export interface GetRoute<Q extends TSchema> {
  readonly url: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly query: Q;
  /** Schema of the body, or its media type where it is not JSON. */
  readonly response: TSchema | { readonly mediaType: string; readonly description: string };
  /** Another form of the body, for a client whose Accept header prefers it. */
  readonly alternative?: { readonly mediaType: string; readonly description: string };
  /** Statuses besides 200 that carry the same body. */
  readonly also?: readonly number[];
  /** Without HEAD, for a response that never ends. */
  readonly noHead?: boolean;
  handle(call: Call<Static<Q>>): Promise<unknown>;
}

/** Content type of what a route renders itself. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** Query of a route that takes none. */
export const NO_QUERY = Type.Object({}, { additionalProperties: false });

/** Declare a GET route. */
export function get<Q extends TSchema>(app: FastifyInstance, route: GetRoute<Q>): void {
  app.route({
    method: 'GET',
    url: route.url,
    config: { access: route.access },
    exposeHeadRoute: route.noHead !== true,
    schema: {
      ...({ summary: route.summary, tags: [route.tag], security: securityOf(route.access) } as object),
      querystring: route.query,
      response: responses(route),
    },
    handler: (request, reply) => {
      const raw = request.query as Record<string, unknown>;
      const query = validated(route.query, readQuery(route.query, raw), 'query');
      return route.handle({ query, request, reply });
    },
  });
}

function responses(route: GetRoute<TSchema>): Record<string, unknown> {
  const { alternative } = route;
  const body =
    'mediaType' in route.response
      ? {
          description: route.response.description,
          content: { [route.response.mediaType]: { schema: { type: 'string' } } },
        }
      : {
          description: (route.response as { description?: string }).description ?? route.summary,
          content: {
            'application/json': { schema: route.response },
            ...(alternative === undefined ? {} : textContent(alternative)),
          },
        };
  const problem = {
    description: 'Error',
    content: { 'application/problem+json': { schema: Problem } },
  };
  const statuses = [200, ...(route.also ?? [])].map((status) => [String(status), body]);
  return { ...Object.fromEntries(statuses), default: problem };
}

function textContent({ mediaType, description }: NonNullable<GetRoute<TSchema>['alternative']>) {
  return { [mediaType]: { schema: { type: 'string', description } } };
}

function securityOf(access: Access): readonly Record<string, readonly string[]>[] {
  return access === 'open' ? [] : [{ bearer: [access] }, { certificate: [access] }, {}];
}
