// SPDX-License-Identifier: Apache-2.0
// Subjects and peers of the cluster-wide policies of policy.networking.k8s.io: of v1alpha1 and, a little more, v1alpha2.
import { type Static, type TSchema, Type } from 'typebox';
import type { EndpointSelector, PolicyPeer } from '../../model/policy.ts';
import type { Complain } from '../object-class.ts';
import { declaredBlock } from './blocks.ts';
import { SelectorField, selectorOf } from './labels.ts';

const closed = { additionalProperties: false };

const ONE = { ...closed, minProperties: 1, maxProperties: 1 };

/** Subjects and peers in which the endpoints of all namespaces are selected so. */
function fieldsWith<S extends TSchema>(namespaceSelector: S) {
  const NamespacedPod = Type.Object(
    { namespaceSelector, podSelector: SelectorField },
    { ...closed, description: 'Endpoints by their labels, in namespaces by theirs' },
  );
  const endpoints = { namespaces: Type.Optional(SelectorField), pods: Type.Optional(NamespacedPod) };
  return {
    /** Whom a policy applies to. */
    Subject: Type.Object(endpoints, {
      ...ONE,
      description: 'Endpoints by namespace, or by namespace and labels; never the host',
    }),
    /** Where something may come from. */
    IngressPeer: Type.Object(endpoints, { ...ONE, description: 'Endpoints' }),
    /** Where something may go. */
    EgressPeer: Type.Object(
      {
        ...endpoints,
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
    ),
  };
}

/** Of v1alpha1. */
export const V1ALPHA1 = fieldsWith(SelectorField);

/** Of v1alpha2: endpoints without a selector of namespaces are those of all. */
export const V1ALPHA2 = fieldsWith(Type.Optional(SelectorField));

/** The subject of a policy, of either version. */
export type SubjectValue = Static<(typeof V1ALPHA2)['Subject']>;

/** A peer of either direction and version. */
export type ClusterPeerValue = Static<(typeof V1ALPHA2)['EgressPeer']>;

/** The endpoints that a subject selects. */
export function subjectOf(value: SubjectValue, path: string, complain: Complain): EndpointSelector {
  const { namespaces, pods } = value;
  if (pods !== undefined)
    return {
      namespaces: selectorOf(pods.namespaceSelector ?? {}, `${path}.pods.namespaceSelector`, complain),
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
