// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import {
  pageSchema,
  STATE_KINDS,
  STATE_QUERIES,
  StateDocumentQuery,
  StateDocumentSchema,
} from '../../api/schemas/state.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { documentBody, listBody } from '../list-body.ts';
import { get, JSON_TYPE } from '../route.ts';

/** `/v1/state` and one list for each kind of object below it. */
export function stateRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/state',
    access: 'read',
    tag: 'state',
    summary: 'The first page of every list of one namespace',
    query: StateDocumentQuery,
    response: StateDocumentSchema,
    handle: async ({ query, reply }) => {
      reply.type(JSON_TYPE);
      return documentBody(await service.state(THIS_NODE, query));
    },
  });
  for (const kind of STATE_KINDS)
    get(app, {
      url: `/v1/state/${kind}`,
      access: 'read',
      tag: 'state',
      summary: `The ${kind} of one namespace, in pages`,
      query: STATE_QUERIES[kind],
      response: pageSchema(kind),
      handle: async ({ query, reply }) => {
        reply.type(JSON_TYPE);
        return listBody(await service.list(THIS_NODE, kind, query));
      },
    });
}
