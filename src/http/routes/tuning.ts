// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  AdviceQuery,
  AdviceReport,
  TrialList,
  TrialParams,
  TrialReport,
  TrialRequest,
} from '../../api/schemas/advice.ts';
import { ProfileList, ProfileParams, ProfileReport } from '../../api/schemas/tuning.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { TuningService } from '../../api/tuning-service.ts';
import { validated } from '../../base/validate.ts';
import { jsonBody } from '../body.ts';
import { callerOf } from '../caller.ts';
import { listBody } from '../list-body.ts';
import { get, JSON_TYPE, NO_QUERY, post, send } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';

/** `/v1/tuning`: profiles, advice and trials. */
export function tuningRoutes(app: FastifyInstance, service: TuningService): void {
  profileRoutes(app, service);
  adviceRoute(app, service);
  trialRoutes(app, service);
}

function adviceRoute(app: FastifyInstance, service: TuningService): void {
  get(app, {
    url: '/v1/tuning/advice',
    access: 'read',
    tag: 'tuning',
    summary: 'What would make the node better, from what happens during the next seconds',
    query: AdviceQuery,
    response: AdviceReport,
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      reply.type(JSON_TYPE);
      return listBody(await service.advice(THIS_NODE, query));
    },
  });
}

function trialRoutes(app: FastifyInstance, service: TuningService): void {
  const trial = {
    url: '/v1/tuning/trials/:id',
    tag: 'tuning',
    query: NO_QUERY,
    params: TrialParams,
    response: TrialReport,
  } as const;
  get(app, {
    url: '/v1/tuning/trials',
    access: 'read',
    tag: 'tuning',
    summary: 'Trials, the newest first',
    query: NO_QUERY,
    response: TrialList,
    handle: async ({ reply }) => {
      reply.type(JSON_TYPE);
      return listBody(await service.trials(THIS_NODE));
    },
  });
  get(app, {
    ...trial,
    access: 'read',
    summary: 'One trial, with its numbers',
    handle: async ({ request }) => service.trial(THIS_NODE, idIn(request)),
  });
  post(app, {
    url: '/v1/tuning/trials',
    access: 'change',
    tag: 'tuning',
    summary: 'Measure, change, measure again, and keep the change only if it helped and hurt nothing',
    query: NO_QUERY,
    body: TrialRequest,
    response: TrialReport,
    problems: {
      404: 'NOT_FOUND: advice that does not hold now',
      409: 'TRIAL: it cannot be tried',
      429: 'TOO_MANY: another trial runs',
    },
    handle: async ({ request }) => {
      withoutTimeLimit(request);
      return service.startTrial(THIS_NODE, jsonBody(TrialRequest, request), callerOf(request.raw));
    },
  });
  send(app, 'DELETE', {
    ...trial,
    access: 'change',
    summary: 'End a trial, and undo what it changed',
    problems: { 404: 'NOT_FOUND' },
    handle: async ({ request }) => {
      withoutTimeLimit(request);
      return service.stopTrial(THIS_NODE, idIn(request), callerOf(request.raw));
    },
  });
}

function idIn({ params }: FastifyRequest): number {
  const { id } = params as { readonly id: string };
  const number = /^[0-9]{1,10}$/.test(id) ? Number(id) : id;
  return validated(TrialParams, { id: number }, 'path').id;
}

function profileRoutes(app: FastifyInstance, service: TuningService): void {
  get(app, {
    url: '/v1/tuning/profiles',
    access: 'read',
    tag: 'tuning',
    summary: 'Profiles that a Tuning document can name',
    query: NO_QUERY,
    response: ProfileList,
    handle: async ({ reply }) => {
      reply.type(JSON_TYPE);
      return listBody(await service.profiles(THIS_NODE));
    },
  });
  get(app, {
    url: '/v1/tuning/profiles/:name',
    access: 'read',
    tag: 'tuning',
    summary: 'One profile with all that it inherits: each setting with its reason and source',
    query: NO_QUERY,
    params: ProfileParams,
    response: ProfileReport,
    handle: async ({ request }) => {
      const { name } = validated(ProfileParams, request.params, 'path');
      return service.profile(THIS_NODE, name);
    },
  });
}
