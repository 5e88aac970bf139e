// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApplyReport } from '../../api/schemas/change.ts';
import { ApplyQuery } from '../../api/schemas/change-query.ts';
import {
  ObjectParams,
  ProgramList,
  ProgramParams,
  ProgramQuery,
  ProgramReport,
  StoredObject,
} from '../../api/schemas/programs.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { validated } from '../../base/validate.ts';
import { bytesOf, rawBody } from '../body.ts';
import { callerOf } from '../caller.ts';
import { get, JSON_TYPE, NO_QUERY, send } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';
import { FAILED, ifRevision, REFUSED, told } from './change.ts';

const Spec = Type.Object({}, { description: '`spec` of a Program document', additionalProperties: true });
/** Bytes of an object; real ones have some ten thousand. */
const OBJECT_BYTES = 16 << 20;
const REFUSED_OBJECT = { 422: 'BPF_OBJECT, BPF_VERIFIER: the object cannot be used; or ROLLED_BACK' };

/** `/v1/programs`, each program below it, and `/v1/objects`. */
export function programRoutes(app: FastifyInstance, service: WeirService): void {
  lookRoutes(app, service);
  changeRoutes(app, service);
  send(app, 'PUT', {
    url: '/v1/objects/:digest',
    access: 'change',
    tag: 'programs',
    summary: 'Keep a compiled eBPF object, so that Program documents can name it by its digest',
    query: NO_QUERY,
    params: ObjectParams,
    binary: 'The object file',
    bodyBytes: OBJECT_BYTES,
    response: StoredObject,
    problems: { 422: 'BPF_OBJECT: the bytes have another digest' },
    handle: async ({ request, reply }) => {
      const { digest } = validated(ObjectParams, request.params, 'path');
      reply.type(JSON_TYPE);
      return (await service.putObject(THIS_NODE, digest, bytesOf(request))).bytes;
    },
  });
}

function lookRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/programs',
    access: 'read',
    tag: 'programs',
    summary: 'eBPF programs that operators deployed, and those of others on the same hooks',
    query: ProgramQuery,
    response: ProgramList,
    handle: async ({ query, reply }) => {
      reply.type(JSON_TYPE);
      return (await service.programs(THIS_NODE, query)).bytes;
    },
  });
  get(app, {
    url: '/v1/programs/:name',
    access: 'read',
    tag: 'programs',
    summary: 'One program: functions, maps, where it is attached, what it costs',
    query: ProgramQuery,
    params: ProgramParams,
    response: ProgramReport,
    handle: async ({ query, request, reply }) => {
      reply.type(JSON_TYPE);
      return (await service.program(THIS_NODE, nameIn(request), query)).bytes;
    },
  });
}

function changeRoutes(app: FastifyInstance, service: WeirService): void {
  const common = {
    url: '/v1/programs/:name',
    access: 'change',
    tag: 'programs',
    query: ApplyQuery,
    params: ProgramParams,
    matches: true,
    response: ApplyReport,
    problems: { ...REFUSED, ...FAILED, ...REFUSED_OBJECT },
  } as const;
  send(app, 'PUT', {
    ...common,
    summary: 'Apply one Program document, whose `spec` is the body',
    body: Spec,
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const options = { ...query, ...ifRevision(request) };
      const caller = callerOf(request.raw);
      return told(
        await service.putProgram(THIS_NODE, nameIn(request), rawBody(request), options, caller),
        reply,
      );
    },
  });
  send(app, 'DELETE', {
    ...common,
    summary: 'Apply the current documents without this program',
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const options = { ...query, ...ifRevision(request) };
      return told(
        await service.deleteProgram(THIS_NODE, nameIn(request), options, callerOf(request.raw)),
        reply,
      );
    },
  });
}

function nameIn({ params }: FastifyRequest): string {
  return validated(ProgramParams, params, 'path').name;
}
