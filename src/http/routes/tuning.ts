// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { ProfileList, ProfileParams, ProfileReport } from '../../api/schemas/tuning.ts';
import { THIS_NODE } from '../../api/target.ts';
import type { TuningService } from '../../api/tuning-service.ts';
import { validated } from '../../base/validate.ts';
import { listBody } from '../list-body.ts';
import { get, JSON_TYPE, NO_QUERY } from '../route.ts';

/** `/v1/tuning`: profiles. */
export function tuningRoutes(app: FastifyInstance, service: TuningService): void {
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
