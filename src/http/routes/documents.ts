// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { DocumentList, DocumentsQuery } from '../../api/schemas/change-query.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { prefers } from '../accept.ts';
import { tagOf } from '../revision-tag.ts';
import { get, JSON_TYPE } from '../route.ts';

const YAML = 'application/yaml';

/** `/v1/state/documents`: the running state as documents. */
export function documentRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/state/documents',
    access: 'read',
    tag: 'state',
    summary: 'The running state as documents that plan to nothing: what a person starts from',
    query: DocumentsQuery,
    response: DocumentList,
    alternative: { mediaType: YAML, description: 'The same as YAML documents' },
    tagged: true,
    handle: async ({ query, request, reply }) => {
      const form = prefers(YAML, request.headers.accept) ? 'yaml' : 'json';
      const { revision } = await service.changeStatus(THIS_NODE);
      const documents = await service.exportState(THIS_NODE, { ...query, form });
      reply.header('vary', 'accept').header('etag', tagOf(revision));
      reply.type(form === 'yaml' ? `${YAML}; charset=utf-8` : JSON_TYPE);
      return documents.bytes;
    },
  });
}
