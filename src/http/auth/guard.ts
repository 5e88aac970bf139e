// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { permits } from '../../api/role.ts';
import { WeirError } from '../../base/errors.ts';
import { rememberCaller } from '../caller.ts';
import type { Identity } from './identify.ts';

/** Let a request through only if its sender has the role that the route asks for. Every refusal is logged. */
export function installGuard(app: FastifyInstance, identify: (request: IncomingMessage) => Identity): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined)
      throw new Error(`route ${route.url} does not say who may call it`);
  });
  app.addHook('onRequest', async (request, reply) => {
    const need = request.routeOptions.config.access ?? 'change';
    if (need === 'open') return;
    const identity = identify(request.raw);
    rememberCaller(request.raw, identity);
    if (permits(identity.role, need)) return;
    const refusal = refuse(request, identity, need);
    request.log.warn({ who: identity.who, code: refusal.code, need, ...what(request) }, refusal.message);
    if (refusal.code === 'UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="weir"');
    throw refusal;
  });
}

function what(request: FastifyRequest): { method: string; path: string } {
  return { method: request.method, path: request.routeOptions.url ?? '' };
}

function refuse(request: FastifyRequest, { who, role, problem }: Identity, need: string): WeirError {
  if (role === undefined) return new WeirError('UNAUTHENTICATED', { problem });
  const { method, path } = what(request);
  return new WeirError('FORBIDDEN', { who, have: role, action: `${method} ${path}`, need });
}
