// SPDX-License-Identifier: Apache-2.0
// Subjects and peers of the cluster-wide policies of policy.networking.k8s.io, the same in v1alpha1 and v1alpha2.
import { type Static, Type } from 'typebox';
import type { EndpointSelector, PolicyPeer } from '../../model/policy.ts';
import type { Complain } from '../object-class.ts';
import { declaredBlock } from './blocks.ts';
import { SelectorField, selectorOf } from './labels.ts';

const closed = { additionalProperties: false };

const NamespacedPod = Type.Object(
  { namespaceSelector: SelectorField, podSelector: SelectorField },
  { ...closed, description: 'Endpoints by their labels, in namespaces by theirs' },
);

const ENDPOINTS = {
  namespaces: Type.Optional(SelectorField),
  pods: Type.Optional(NamespacedPod),
};

const ONE = { ...closed, minProperties: 1, maxProperties: 1 };

/** Whom a policy applies to. */
export const Subject = Type.Object(ENDPOINTS, {
  ...ONE,
  description: 'Endpoints by namespace, or by namespace and labels; never the host',
});

/** Where something may come from. */
export const IngressPeer = Type.Object(ENDPOINTS, { ...ONE, description: 'Endpoints' });

/** Where something may go. */
export const EgressPeer = Type.Object(
  {
    ...ENDPOINTS,
    nodes: Type.Optional(SelectorField),
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 43 }), {
        description: 'Blocks of addresses',
        minItems: 1,
        maxItems: 25,
        uniqueItems: true,
      }),
    ),
    domainNames: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Refused: names are not resolved',
        minItems: 1,
        maxItems: 25,
      }),
    ),
  },
  { ...ONE, description: 'Endpoints, hosts (`nodes`) or blocks of addresses' },
);

/** A peer of either direction. */
export type ClusterPeerValue = Static<typeof EgressPeer>;

/** The endpoints that a subject selects. */
export function subjectOf(value: Static<typeof Subject>, path: string, complain: Complain): EndpointSelector {
  const { namespaces, pods } = value;
  if (pods !== undefined)
    return {
      namespaces: selectorOf(pods.namespaceSelector, `${path}.pods.namespaceSelector`, complain),
      labels: selectorOf(pods.podSelector, `${path}.pods.podSelector`, complain),
      side: 'workload',
    };
  return { namespaces: selectorOf(namespaces ?? {}, `${path}.namespaces`, complain), side: 'workload' };
}

/** Peers that one entry of a rule names. */
export function clusterPeer(
  value: ClusterPeerValue,
  path: string,
  complain: Complain,
): readonly PolicyPeer[] {
  const { nodes, networks, domainNames } = value;
  if (domainNames !== undefined) {
    complain(`${path}.domainNames`, 'names are not resolved: list the networks, or leave the rule out');
    return [];
  }
  if (nodes !== undefined)
    return [{ endpoints: { labels: selectorOf(nodes, `${path}.nodes`, complain), side: 'host' } }];
  if (networks === undefined) return [{ endpoints: subjectOf(value, path, complain) }];
  return networks.flatMap((text, i) => {
    const cidr = declaredBlock(text, `${path}.networks.${i}`, complain, false);
    return cidr === undefined ? [] : [{ cidr }];
  });
}
