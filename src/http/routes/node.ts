// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from 'fastify';
import { NamespaceList, NodeInfo } from '../../api/schemas/node.ts';
import type { WeirService } from '../../api/service.ts';
import { THIS_NODE } from '../../api/target.ts';
import { get, NO_QUERY } from '../route.ts';

/** `/v1/node` and `/v1/namespaces`. */
export function nodeRoutes(app: FastifyInstance, service: WeirService): void {
  get(app, {
    url: '/v1/node',
    access: 'read',
    tag: 'agent',
    summary: 'What the agent is, what it runs on, and what it cannot do there',
    query: NO_QUERY,
    response: NodeInfo,
    handle: () => service.node(THIS_NODE),
  });
  get(app, {
    url: '/v1/namespaces',
    access: 'read',
    tag: 'agent',
    summary: 'The network namespaces that the agent watches',
    query: NO_QUERY,
    response: NamespaceList,
    handle: () => service.namespaces(THIS_NODE),
  });
}
