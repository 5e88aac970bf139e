// SPDX-License-Identifier: Apache-2.0
import type { NamespaceInfo } from '../../api/schemas/node.ts';
import { showObject } from './object.ts';

/** The network namespaces that the agent watches. */
export const NAMESPACES = showObject<NamespaceInfo>({
  name: 'namespaces',
  summary: 'network namespaces that the agent watches',
  path: '/v1/namespaces',
  columns: [
    { title: 'NAME', value: (namespace) => namespace.name || '(own)', tone: () => 'strong' },
    { title: 'INODE', value: (namespace) => namespace.inode, align: 'right' },
    { title: 'DEVICES', value: (namespace) => namespace.links, align: 'right' },
    {
      title: 'STATE',
      value: (namespace) => (namespace.synchronised ? 'synchronised' : 'reading'),
      tone: (namespace) => (namespace.synchronised ? 'good' : 'warn'),
    },
    { title: 'RESYNCS', value: (namespace) => namespace.resynchronisations, align: 'right' },
  ],
});
