// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  ApplyReport,
  ApplyRequest,
  ChangeStatus,
  PlanReport,
  PlanRequest,
  RevisionRequest,
} from '../../api/schemas/change.ts';
import { ApplyQuery, PlanQuery } from '../../api/schemas/change-query.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { WeirError } from '../../base/errors.ts';
import { jsonBody, rawBody } from '../body.ts';
import { callerOf } from '../caller.ts';
import { PROBLEM_TYPE, problemOf } from '../problem.ts';
import { revisionIn, tagOf } from '../revision-tag.ts';
import { get, JSON_TYPE, NO_QUERY, post } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';

const DOCUMENTS = 'Documents, several separated by `---`; options are in the query';

/** How a change can be refused, by status. */
export const REFUSED = {
  400: 'DOCUMENT: mistakes in the documents, each with its place in `errors`',
  409: 'PLAN_REFUSED: the plan has errors; LOCKED: another change runs or waits for its confirmation',
  412: 'REVISION_MISMATCH: another revision is the current one',
};

/** How a change can fail, by status. */
export const FAILED = {
  422: 'ROLLED_BACK: it failed and everything is as before; `report` tells more',
  500: 'ROLLBACK_FAILED: it failed and could not be undone; `report` tells what is left',
};

/** `/v1/plan`, `/v1/apply`, `/v1/confirm`, `/v1/rollback` and `/v1/change`. */
export function changeRoutes(app: FastifyInstance, service: WeirService, documentBytes: number): void {
  planRoute(app, service, documentBytes);
  applyRoute(app, service, documentBytes);
  endRoutes(app, service);
  get(app, {
    url: '/v1/change',
    access: 'read',
    tag: 'change',
    summary: 'The current revision, what is being changed, and what has drifted',
    query: NO_QUERY,
    response: ChangeStatus,
    tagged: true,
    handle: async ({ reply }) => {
      const status = await service.changeStatus(THIS_NODE);
      reply.header('etag', tagOf(status.revision));
      return status;
    },
  });
}

function planRoute(app: FastifyInstance, service: WeirService, bodyBytes: number): void {
  post(app, {
    url: '/v1/plan',
    access: 'read',
    tag: 'change',
    summary: 'What documents would change; nothing is changed',
    query: PlanQuery,
    body: PlanRequest,
    yaml: DOCUMENTS,
    bodyBytes,
    response: PlanReport,
    problems: { 400: REFUSED[400] },
    handle: async ({ query: { view, full, ...options }, request, reply }) => {
      withoutTimeLimit(request);
      const told = { ...(view && { view }), ...(full !== undefined && { full }) };
      const body = rawBody(request);
      const plan = await service.plan(THIS_NODE, body, options, callerOf(request.raw), told);
      reply.type(JSON_TYPE);
      return plan.bytes;
    },
  });
}

function applyRoute(app: FastifyInstance, service: WeirService, bodyBytes: number): void {
  post(app, {
    url: '/v1/apply',
    access: 'change',
    tag: 'change',
    summary: 'Change the node to what documents say, and undo it unless it is confirmed in time',
    query: ApplyQuery,
    body: ApplyRequest,
    yaml: DOCUMENTS,
    bodyBytes,
    matches: true,
    response: ApplyReport,
    problems: { ...REFUSED, ...FAILED },
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const body = rawBody(request);
      const options = { ...query, ...ifRevision(request) };
      return told(await service.apply(THIS_NODE, body, options, callerOf(request.raw)), reply);
    },
  });
}

/** What ends a change: keeping it or undoing it. */
function endRoutes(app: FastifyInstance, service: WeirService): void {
  const ends = {
    confirm: 'Keep what was applied',
    rollback: 'Undo what waits for its confirmation, else bring back the documents of a revision',
  } as const;
  for (const [verb, summary] of Object.entries(ends) as [keyof typeof ends, string][])
    post(app, {
      url: `/v1/${verb}`,
      access: 'change',
      tag: 'change',
      summary,
      query: NO_QUERY,
      body: RevisionRequest,
      matches: true,
      response: ApplyReport,
      problems: {
        409: verb === 'confirm' ? 'NOTHING_TO_CONFIRM' : REFUSED[409],
        412: REFUSED[412],
        ...(verb === 'rollback' && FAILED),
      },
      handle: async ({ request, reply }) => {
        withoutTimeLimit(request);
        const wish = { ...jsonBody(RevisionRequest, request), ...ifRevision(request) };
        return told(await service[verb](THIS_NODE, wish, callerOf(request.raw)), reply);
      },
    });
}

/** The revision that the header If-Match names. */
export function ifRevision({ headers }: FastifyRequest): { ifRevision?: number } {
  const revision = revisionIn(headers['if-match']);
  return revision === undefined ? {} : { ifRevision: revision };
}

/** A change that failed is an error, also for clients that look at nothing but the status. */
export function told(report: ApplyReport, reply: FastifyReply): unknown {
  const { error, leftovers = [] } = report;
  if (error === undefined) return report;
  const code = report.status === 'rollback-failed' ? 'ROLLBACK_FAILED' : 'ROLLED_BACK';
  const failure = new WeirError(code, { error, leftovers: leftovers.join(', ') });
  reply.code(failure.kind.status).type(PROBLEM_TYPE);
  return { ...problemOf(failure, reply.request.routeOptions.url), report };
}
