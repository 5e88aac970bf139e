// SPDX-License-Identifier: Apache-2.0

import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { WeirService } from '../api/service.ts';
import { WeirError } from '../base/errors.ts';
import { installGuard } from './auth/guard.ts';
import type { Identity } from './auth/identify.ts';
import { takeRawBodies } from './body.ts';
import { type EventLimits, EventStreams } from './event-streams.ts';
import { RouteTable } from './not-found.ts';
import { describePeer, peerOf } from './peer.ts';
import { asWeirError, PROBLEM_TYPE, problemOf } from './problem.ts';
import { captureRoutes } from './routes/captures.ts';
import { changeRoutes } from './routes/change.ts';
import { docsRoutes, lazyDocs, openapiRoutes } from './routes/docs.ts';
import { documentRoutes } from './routes/documents.ts';
import { dropRoutes } from './routes/drops.ts';
import { eventRoutes } from './routes/events.ts';
import { flowRoutes } from './routes/flows.ts';
import { healthRoutes } from './routes/health.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { nodeRoutes } from './routes/node.ts';
import { policyRoutes } from './routes/policies.ts';
import { programRoutes } from './routes/programs.ts';
import { revisionRoutes } from './routes/revisions.ts';
import { stateRoutes } from './routes/state.ts';
import { statsRoutes } from './routes/stats.ts';
import { tuningRoutes } from './routes/tuning.ts';
import { schemaController } from './schema-controller.ts';

export interface AppOptions {
  readonly service: WeirService;
  readonly identify: (request: IncomingMessage) => Identity;
  readonly log: FastifyBaseLogger;
  readonly version: string;
  readonly bodyBytes: number;
  /** Bytes of a body with documents, which can be long. */
  readonly documentBytes: number;
  readonly events: EventLimits;
}

/** The HTTP application. It does not listen: servers hand their requests to `routing`. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { bodyBytes, log } = options;
  const app: FastifyInstance = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytes,
    schemaController,
    frameworkErrors: (error, request, reply) =>
      answer(reply as FastifyReply, asWeirError(error, contextOf(request as FastifyRequest))),
  });
  const routes = new RouteTable();
  app.addHook('onRoute', ({ url, method }) => routes.add(url, method));
  app.addHook('onRequest', async (request) => refuseEarly(request, routes));
  app.addHook('onResponse', async (request, reply) => {
    const who = describePeer(peerOf(request.raw.socket));
    request.log.debug(
      { who, method: request.method, path: pathOf(request), status: reply.statusCode },
      'request',
    );
  });
  takeRawBodies(app);
  installGuard(app, options.identify);
  installErrors(app);
  declareRoutes(app, options);
  await app.ready();
  return app;
}

function declareRoutes(app: FastifyInstance, { service, version, events, documentBytes }: AppOptions): void {
  const declare = (to: FastifyInstance) => {
    healthRoutes(to, service);
    metricsRoutes(to, service);
    nodeRoutes(to, service);
    stateRoutes(to, service);
    statsRoutes(to, service);
    changeRoutes(to, service, documentBytes);
    revisionRoutes(to, service);
    documentRoutes(to, service);
    programRoutes(to, service);
    tuningRoutes(to, service);
    const streams = new EventStreams(to, events);
    eventRoutes(to, service, streams);
    dropRoutes(to, service, streams);
    flowRoutes(to, service);
    captureRoutes(to, service);
    policyRoutes(to, service, streams, documentBytes);
    openapiRoutes(to, docs);
  };
  const docs = lazyDocs(declare, version);
  declare(app);
  docsRoutes(app, docs);
}

/** What can be told from the request line and headers, before a byte of the body is read. */
function refuseEarly(request: FastifyRequest, routes: RouteTable): void {
  const { headers, method, httpVersion } = request.raw;
  const limit = request.routeOptions.bodyLimit;
  if (Number(headers['content-length'] ?? 0) > limit) throw new WeirError('BODY_TOO_LARGE', { limit });
  if (request.is404) throw routes.miss(method ?? '', pathOf(request));
  if (httpVersion === '1.1' && headers.host === undefined)
    throw new WeirError('REQUEST_INVALID', { where: 'headers', problem: '"host" is missing' });
  const hasBody = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  if (hasBody && (method === 'GET' || method === 'HEAD'))
    throw new WeirError('REQUEST_INVALID', { where: 'body', problem: `${method} takes none` });
}

function installErrors(app: FastifyInstance): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = asWeirError(thrown, contextOf(request));
    if (error.code === 'INTERNAL')
      request.log.error({ err: thrown, path: pathOf(request) }, 'request failed');
    else request.log.debug({ code: error.code, path: pathOf(request) }, error.message);
    void swallowed(request).then(() => answer(reply, error));
  });
}

/** Bytes of a refused body that are read all the same. */
const SWALLOW = 16 << 20;

/**
 * Read what a client still sends, so that it gets to see the answer: closed upon in the middle of its body, it would
 * see a broken pipe. A body of unknown or outrageous length is not waited for; the request's time limit bounds the rest.
 */
async function swallowed({ raw }: FastifyRequest): Promise<void> {
  const length = Number(raw.headers['content-length'] ?? 0);
  if (raw.complete || !(length > 0 && length <= SWALLOW)) return;
  await new Promise<unknown>((done) => raw.resume().once('end', done).once('close', done));
}

function answer(reply: FastifyReply, error: WeirError): void {
  if (error.code === 'METHOD_NOT_ALLOWED') reply.header('allow', String(error.details['allowed']));
  if (error.code === 'MEDIA_TYPE') reply.header('accept-post', String(error.details['want']));
  void reply
    .code(error.kind.status)
    .type(PROBLEM_TYPE)
    .send(problemOf(error, pathOf(reply.request)));
}

function contextOf(request: FastifyRequest) {
  const contentType = request.headers['content-type'];
  const { bodyLimit } = request.routeOptions;
  return { path: pathOf(request), method: request.method, contentType, bodyLimit };
}

/** Without the query, which may hold what does not belong into a log. */
function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?', 1)[0] ?? '';
}
