// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { PlanReport, RevisionDetail, RevisionPage } from '../../api/schemas/change.ts';
import { DiffQuery, RevisionParams, RevisionsQuery } from '../../api/schemas/change-query.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { validated } from '../../base/validate.ts';
import { readQuery } from '../query.ts';
import { get, JSON_TYPE, NO_QUERY } from '../route.ts';

/** `/v1/revisions`, each revision below it, and `/v1/diff` between them. */
export function revisionRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/revisions',
    access: 'read',
    tag: 'change',
    summary: 'Who changed what, when and why, newest first',
    query: RevisionsQuery,
    response: RevisionPage,
    handle: async ({ query, reply }) => {
      reply.type(JSON_TYPE);
      return (await service.revisions(THIS_NODE, query)).bytes;
    },
  });
  get(app, {
    url: '/v1/revisions/:revision',
    access: 'read',
    tag: 'change',
    summary: 'One revision with its documents and what it changed',
    query: NO_QUERY,
    params: RevisionParams,
    response: RevisionDetail,
    handle: async ({ request, reply }) => {
      const params = readQuery(RevisionParams, request.params as Record<string, unknown>);
      const { revision } = validated(RevisionParams, params, 'path');
      reply.type(JSON_TYPE);
      return (await service.revision(THIS_NODE, revision)).bytes;
    },
  });
  get(app, {
    url: '/v1/diff',
    access: 'read',
    tag: 'change',
    summary: 'What lies between two revisions, or between the running state and a revision',
    query: DiffQuery,
    response: PlanReport,
    handle: async ({ query: { view, full, ...range }, reply }) => {
      const told = { ...(view && { view }), ...(full !== undefined && { full }) };
      reply.type(JSON_TYPE);
      return (await service.diff(THIS_NODE, range, told)).bytes;
    },
  });
}
