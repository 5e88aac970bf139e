// SPDX-License-Identifier: Apache-2.0
// The metadata of documents about network policy: Weir's own, and what objects of Kubernetes bring along.
import { type TObject, Type } from 'typebox';
import type { Labels } from '../../model/policy.ts';
import { LabelsField } from './labels.ts';

const closed = { additionalProperties: false };

export const ObjectName = Type.String({
  description: 'Lower-case letters, digits, dots and dashes, at most 253',
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  maxLength: 253,
});

export const NamespaceName = Type.String({
  description: 'Lower-case letters, digits and dashes, at most 63',
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  maxLength: 63,
});

const Description = Type.Optional(Type.String({ description: 'What it is for', maxLength: 1000 }));

/** Of Weir's documents that no namespace holds. */
export const OwnMetadata = Type.Object({ name: ObjectName, description: Description }, closed);

/** Of Weir's documents in a namespace. */
export const NamespacedMetadata = Type.Object(
  {
    name: ObjectName,
    namespace: Type.Optional(NamespaceName),
    labels: Type.Optional(LabelsField),
    description: Description,
  },
  closed,
);

const ignored = Type.Optional(
  Type.Unknown({ description: 'As an API server writes it; means nothing here' }),
);

const IGNORED = [
  'annotations',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'managedFields',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
] as const;

/** ObjectMeta of Kubernetes. */
export function kubernetesMetadata(namespaced: boolean): TObject {
  return Type.Object(
    {
      name: ObjectName,
      ...(namespaced && { namespace: Type.Optional(NamespaceName) }),
      labels: Type.Optional(LabelsField),
      ...Object.fromEntries(IGNORED.map((name) => [name, ignored])),
    },
    closed,
  );
}

/** What is read of metadata. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Labels;
}

/** What `declare` gets of a document with a form of its own. */
export interface Whole<Spec> {
  readonly metadata: Metadata;
  readonly spec: Spec;
}
