// SPDX-License-Identifier: Apache-2.0
import type { TSchema } from 'typebox';
import type { Spec } from '../../model/object.ts';
import type { PolicySpec } from '../../model/policy.ts';
import type { Complain, DocumentForm, Import, ObjectClass } from '../object-class.ts';
import { AdminPolicyField, adminPolicy, BaselinePolicyField, baselinePolicy } from './admin-policy.ts';
import { ClusterPolicyField, clusterPolicy } from './cluster-policy.ts';
import { labelsOf } from './labels.ts';
import { kubernetesMetadata, NamespacedMetadata, type Whole } from './metadata.ts';
import { NetworkPolicyField, networkPolicy } from './network-policy.ts';
import { ownPolicy, PolicyField } from './own-policy.ts';
import { writePolicy } from './write.ts';

/** Policies, whichever document they come from: all have one normal form. */
export const policy: ObjectClass = {
  name: 'policy',
  section: {
    document: 'Policy',
    name: 'policy',
    schema: PolicyField,
    whole: true,
    form: { metadata: NamespacedMetadata },
  },
  imports: [
    imported('NetworkPolicy', NetworkPolicyField, networkPolicy),
    imported('ClusterNetworkPolicy', ClusterPolicyField, clusterPolicy),
    imported('AdminNetworkPolicy', AdminPolicyField, adminPolicy),
    imported('BaselineAdminNetworkPolicy', BaselinePolicyField, baselinePolicy),
  ],
  compare: 'whole',
  independent: true,
  declare: declared(ownPolicy),
  key: ({ key }) => String(key),
  needs: () => [],
  write: writePolicy('policy'),
  describe: ({ key }) => `policy ${key}`,
};

function imported<V>(
  document: Import['section']['document'],
  schema: TSchema,
  read: (document: V, complain: Complain) => PolicySpec,
): Import {
  const isNamespaced = document === 'NetworkPolicy';
  const metadata = kubernetesMetadata(isNamespaced);
  const form: DocumentForm = { metadata, kubernetes: true, ...(isNamespaced && { bare: true }) };
  return {
    section: { document, name: 'policy', schema, whole: true, form },
    declare: declared(read),
  };
}

function declared<V>(read: (document: V, complain: Complain) => PolicySpec): Import['declare'] {
  return (item, complain) => {
    labelsOf((item as unknown as Whole<unknown>).metadata.labels, 'metadata.labels', complain);
    const spec = read(item as unknown as V, complain) as unknown as Spec;
    return [{ class: 'policy', spec, path: '' }];
  };
}
