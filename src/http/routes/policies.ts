// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { PolicyResource } from '../../api/policy-service.ts';
import { ApplyReport } from '../../api/schemas/change.ts';
import { ApplyQuery } from '../../api/schemas/change-query.ts';
import {
  CidrSetChange,
  CidrSetPage,
  CidrSetReport,
  EndpointPage,
  EndpointReport,
  ExplainReport,
  ExplainRequest,
  PolicyPage,
  PolicyPageQuery,
  PolicyParams,
  PolicyReport,
  RulePage,
  VerdictQuery,
} from '../../api/schemas/policies.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { validated } from '../../base/validate.ts';
import { prefers } from '../accept.ts';
import { bytesOf, isBinary, rawBody } from '../body.ts';
import { callerOf } from '../caller.ts';
import type { EventStreams } from '../event-streams.ts';
import { tagOf } from '../revision-tag.ts';
import { get, JSON_TYPE, NO_QUERY, send } from '../route.ts';
import { withoutTimeLimit } from '../time-limit.ts';
import { FAILED, ifRevision, REFUSED, told } from './change.ts';

const Document = Type.Object(
  {},
  { description: 'A document, or its `spec` alone', additionalProperties: true },
);

const PCAPNG = 'application/x-pcapng';
/** Bytes of a capture to explain. */
const CAPTURE_BYTES = 16 << 20;

interface Resource {
  readonly name: PolicyResource;
  readonly what: string;
  readonly list: TSchema;
  readonly one: TSchema;
}

const RESOURCES: readonly Resource[] = [
  { name: 'policies', what: 'policy', list: PolicyPage, one: PolicyReport },
  { name: 'endpoints', what: 'endpoint', list: EndpointPage, one: EndpointReport },
  { name: 'cidrsets', what: 'set of prefixes', list: CidrSetPage, one: CidrSetReport },
];

/** `/v1/policies`, `/v1/endpoints`, `/v1/cidrsets`, what they count, `/v1/explain`, and the feed of verdicts. */
export function policyRoutes(
  app: FastifyInstance,
  service: WeirService,
  streams: EventStreams,
  documentBytes: number,
): void {
  for (const resource of RESOURCES) {
    lookRoutes(app, service, resource);
    changeRoutes(app, service, resource, documentBytes);
  }
  prefixRoute(app, service, documentBytes);
  get(app, {
    url: '/v1/rules',
    access: 'read',
    tag: 'policy',
    summary: 'What every rule of every policy counts',
    query: PolicyPageQuery,
    response: RulePage,
    handle: async ({ query, reply }) => {
      reply.type(JSON_TYPE);
      return (await service.policyRules(THIS_NODE, query)).bytes;
    },
  });
  explainRoute(app, service);
  get(app, {
    url: '/v1/verdicts',
    access: 'capture',
    tag: 'policy',
    summary: 'Verdicts that rules with `log` sample, as they are made',
    query: VerdictQuery,
    response: {
      mediaType: 'text/event-stream',
      description: 'A stream without end of `verdict` and `gap` events',
    },
    noHead: true,
    handle: ({ query, request, reply }) =>
      streams.open(request, reply, (_after, deliver) => service.followVerdicts(THIS_NODE, query, deliver)),
  });
}

function lookRoutes(app: FastifyInstance, service: WeirService, { name, what, list, one }: Resource): void {
  get(app, {
    url: `/v1/${name}`,
    access: 'read',
    tag: 'policy',
    summary: `Each ${what} in force`,
    query: PolicyPageQuery,
    response: list,
    tagged: true,
    handle: async ({ query, reply }) => {
      const { revision } = await service.changeStatus(THIS_NODE);
      reply.type(JSON_TYPE).header('etag', tagOf(revision));
      return (await service.policyObjects(THIS_NODE, name, query)).bytes;
    },
  });
  get(app, {
    url: `/v1/${name}/:name`,
    access: 'read',
    tag: 'policy',
    summary: `One ${what}`,
    query: PolicyPageQuery,
    params: PolicyParams,
    response: one,
    tagged: true,
    handle: async ({ query, request, reply }) => {
      const { revision } = await service.changeStatus(THIS_NODE);
      const found = await service.policyObject(THIS_NODE, name, nameIn(request), query);
      reply.type(JSON_TYPE).header('etag', tagOf(revision));
      return found.bytes;
    },
  });
}

function changeRoutes(
  app: FastifyInstance,
  service: WeirService,
  { name, what }: Resource,
  bodyBytes: number,
): void {
  const common = {
    url: `/v1/${name}/:name`,
    access: 'change',
    tag: 'policy',
    query: ApplyQuery,
    params: PolicyParams,
    matches: true,
    response: ApplyReport,
    problems: { ...REFUSED, ...FAILED },
  } as const;
  send(app, 'PUT', {
    ...common,
    summary: `Apply one ${what}`,
    body: Document,
    bodyBytes,
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const options = { ...query, ...ifRevision(request) };
      const [body, caller] = [rawBody(request), callerOf(request.raw)];
      return told(
        await service.putPolicyObject(THIS_NODE, name, nameIn(request), body, options, caller),
        reply,
      );
    },
  });
  send(app, 'DELETE', {
    ...common,
    summary: `Apply the current documents without this ${what}`,
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const options = { ...query, ...ifRevision(request) };
      const caller = callerOf(request.raw);
      return told(await service.deletePolicyObject(THIS_NODE, name, nameIn(request), options, caller), reply);
    },
  });
}

function prefixRoute(app: FastifyInstance, service: WeirService, bodyBytes: number): void {
  send(app, 'PATCH', {
    url: '/v1/cidrsets/:name',
    access: 'change',
    tag: 'policy',
    summary: 'Add prefixes to a set, and take others out',
    query: ApplyQuery,
    params: PolicyParams,
    matches: true,
    body: CidrSetChange,
    bodyBytes,
    response: ApplyReport,
    problems: { ...REFUSED, ...FAILED },
    handle: async ({ query, request, reply }) => {
      withoutTimeLimit(request);
      const options = { ...query, ...ifRevision(request) };
      const [body, caller] = [rawBody(request), callerOf(request.raw)];
      return told(await service.changeCidrSet(THIS_NODE, nameIn(request), body, options, caller), reply);
    },
  });
}

function explainRoute(app: FastifyInstance, service: WeirService): void {
  send(app, 'POST', {
    url: '/v1/explain',
    access: 'read',
    tag: 'policy',
    summary:
      'Which policy and rule decide about a packet and why, by the documents and by the attached program',
    query: NO_QUERY,
    body: ExplainRequest,
    binary: 'A capture (pcap or pcapng): each packet is explained',
    bodyBytes: CAPTURE_BYTES,
    response: ExplainReport,
    alternative: {
      mediaType: PCAPNG,
      description: 'Of a capture (pcapng): the same, with who decides about each packet as its comment',
    },
    problems: { 500: 'POLICY_DISAGREES: the attached program says something else than the documents' },
    handle: async ({ request, reply }) => {
      const body = isBinary(request) ? bytesOf(request) : rawBody(request);
      reply.header('vary', 'accept');
      if (body instanceof Uint8Array && prefers(PCAPNG, request.headers.accept)) {
        reply.type(PCAPNG);
        return (await service.explainCapture(THIS_NODE, body)).bytes;
      }
      reply.type(JSON_TYPE);
      return (await service.explain(THIS_NODE, body)).bytes;
    },
  });
}

function nameIn({ params }: FastifyRequest): string {
  return validated(PolicyParams, params, 'path').name;
}
