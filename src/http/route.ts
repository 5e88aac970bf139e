// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Access } from '../api/role.ts';
import { Problem } from '../api/schemas/problem.ts';
import { validated } from '../base/validate.ts';
import { BINARY_TYPE, BODY_TYPES, type BodyType, requireBodyType } from './body.ts';
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

/** A body, or another form of it, that is not JSON. */
interface TextForm {
  readonly mediaType: string;
  readonly description: string;
}

/** What every route says of itself. The description of the API is made from the same. */
interface RouteBase<Q extends TSchema> {
  readonly url: string;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly query: Q;
  /** Parameters in the path. */
  readonly params?: TSchema;
  /** Schema of the body, or its media type where it is not JSON. */
  readonly response: TSchema | TextForm;
  /** Another form of the body, for a client whose Accept header prefers it. */
  readonly alternative?: TextForm;
  /** The answer has an ETag: the current revision. */
  readonly tagged?: true;
  handle(call: Call<Static<Q>>): Promise<unknown>;
}

/** A route that only looks. */
export interface GetRoute<Q extends TSchema> extends RouteBase<Q> {
  /** Statuses besides 200 that carry the same body. */
  readonly also?: readonly number[];
  /** Without HEAD, for a response that never ends. */
  readonly noHead?: boolean;
}

/** A route that takes a body. */
export interface PostRoute<Q extends TSchema> extends RouteBase<Q> {
  /** Of a body of JSON; absent where none is taken. */
  readonly body?: TSchema;
  /** What a body of bytes is, where that is taken. */
  readonly binary?: string;
  /** What a body of YAML holds, where one is taken. */
  readonly yaml?: string;
  /** Bytes of a body; the application's default when absent. */
  readonly bodyBytes?: number;
  /** Takes If-Match: the revision that must be the current one. */
  readonly matches?: true;
  /** Errors that clients should expect, by status. */
  readonly problems: Readonly<Record<number, string>>;
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
    schema: { ...described(route), response: responses(route, route.also, {}) },
    handler: (request, reply) => route.handle({ query: queryOf(route, request), request, reply }),
  });
}

/** Declare a POST route. */
export function post<Q extends TSchema>(app: FastifyInstance, route: PostRoute<Q>): void {
  send(app, 'POST', route);
}

/** Declare a route that changes something. */
export function send<Q extends TSchema>(
  app: FastifyInstance,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  route: PostRoute<Q>,
): void {
  const content = bodyContent(route);
  app.route({
    method,
    url: route.url,
    config: { access: route.access },
    ...(route.bodyBytes !== undefined && { bodyLimit: route.bodyBytes }),
    schema: {
      ...described(route),
      ...(route.matches && { headers: IF_MATCH }),
      ...(Object.keys(content).length > 0 && { body: { content } }),
      response: responses(route, [], route.problems),
    },
    onRequest: async (request) => requireBodyType(request, Object.keys(content) as BodyType[]),
    handler: (request, reply) => route.handle({ query: queryOf(route, request), request, reply }),
  });
}

/** The bodies that a route takes, by media type. */
function bodyContent({ body, yaml, binary }: PostRoute<TSchema>): Record<string, unknown> {
  const bytes = { schema: { type: 'string', format: 'binary', description: binary } };
  return {
    ...(binary !== undefined && { [BINARY_TYPE]: bytes }),
    ...(body !== undefined && { [BODY_TYPES[0]]: { schema: body } }),
    ...(yaml !== undefined && textContent({ mediaType: BODY_TYPES[1], description: yaml })),
  };
}

const IF_MATCH = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The revision that must be the current one, as ETag gives it: "12"' }),
  ),
});

function described({ summary, tag, access, query, params }: RouteBase<TSchema>) {
  const about = { summary, tags: [tag], security: securityOf(access) } as object;
  return { ...about, querystring: query, ...(params !== undefined && { params }) };
}

function queryOf<Q extends TSchema>(route: RouteBase<Q>, request: FastifyRequest): Static<Q> {
  const raw = request.query as Record<string, unknown>;
  return validated(route.query, readQuery(route.query, raw), 'query');
}

function responses(
  route: RouteBase<TSchema>,
  also: readonly number[] = [],
  problems: Readonly<Record<number, string>>,
): Record<string, unknown> {
  const { alternative, tagged } = route;
  const headers = tagged && { headers: { etag: { type: 'string', description: 'The current revision' } } };
  const body =
    'mediaType' in route.response
      ? {
          description: route.response.description,
          content: {
            [route.response.mediaType]: { schema: { type: 'string' } },
            ...(alternative === undefined ? {} : textContent(alternative)),
          },
        }
      : {
          description: (route.response as { description?: string }).description ?? route.summary,
          content: {
            'application/json': { schema: route.response },
            ...(alternative === undefined ? {} : textContent(alternative)),
          },
        };
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: Problem } },
  });
  const good = [200, ...also].map((status) => [String(status), { ...body, ...headers }]);
  const bad = Object.entries(problems).map(([status, description]) => [status, problem(description)]);
  return { ...Object.fromEntries([...good, ...bad]), default: problem('Error') };
}

function textContent({ mediaType, description }: TextForm) {
  return { [mediaType]: { schema: { type: 'string', description } } };
}

function securityOf(access: Access): readonly Record<string, readonly string[]>[] {
  return access === 'open' ? [] : [{ bearer: [access] }, { certificate: [access] }, {}];
}
