// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import {
  linesDescription,
  pageSchema,
  STATE_KINDS,
  STATE_QUERIES,
  StateDocumentQuery,
  StateDocumentSchema,
  type StateKind,
  type StateQuery,
} from '../../api/schemas/state.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { WeirError } from '../../base/errors.ts';
import { NDJSON, prefers } from '../accept.ts';
import { documentBody, linesBody, listBody } from '../list-body.ts';
import { brokenOff } from '../problem.ts';
import { type Call, get, JSON_TYPE } from '../route.ts';

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
      summary: `The ${kind} of one namespace, in pages or as lines`,
      query: STATE_QUERIES[kind],
      response: pageSchema(kind),
      alternative: { mediaType: NDJSON, description: linesDescription(kind) },
      handle: async (call) => {
        call.reply.header('vary', 'accept');
        if (prefers(NDJSON, call.request.headers.accept)) return lines(service, kind, call);
        call.reply.type(JSON_TYPE);
        return listBody(await service.list(THIS_NODE, kind, call.query));
      },
    });
}

/** The whole list, read from the kernel as fast as the client reads. An error before the first line is an ordinary one. */
async function lines(service: WeirService, kind: StateKind, call: Call<StateQuery>): Promise<unknown> {
  const { request, reply } = call;
  const { limit, cursor, ...filter } = call.query;
  if (limit !== undefined || cursor !== undefined) throw new WeirError('REQUEST_INVALID', NO_PAGES);
  const batches = service.stream(THIS_NODE, kind, filter, whileConnected(reply.raw));
  const { value: first = [] } = await batches.next();
  reply.type(`${NDJSON}; charset=utf-8`);
  if (request.method === 'HEAD') {
    await batches.return();
    return '';
  }
  return linesBody(first, batches, (error) => brokenOff(error, request));
}

const NO_PAGES = {
  where: 'query',
  problem: `"limit" and "cursor" are for pages: ${NDJSON} has all items, ask for application/json instead`,
};

/** Aborted when the answer is sent, and when nobody is there to read it. */
function whileConnected(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const abort = () => gone.abort(new WeirError('REQUEST_INVALID', CLOSED));
  if (response.closed) abort();
  else response.once('close', abort);
  return gone.signal;
}

const CLOSED = { where: 'connection', problem: 'closed by the client' };
