// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { NAMESPACE_NAME_LABEL } from '../../model/policy.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { labelsOf } from './labels.ts';
import { kubernetesMetadata, type Whole } from './metadata.ts';
import { writePolicy } from './write.ts';

const ignored = Type.Optional(
  Type.Unknown({ description: 'As an API server writes it; means nothing here' }),
);

/** The `spec` of a Namespace of Kubernetes. */
export const NamespaceField = Type.Object(
  { finalizers: ignored },
  { additionalProperties: false, description: 'Labels of a namespace, in its metadata' },
);

/** Namespaces of endpoints and policies, for their labels (nothing to do with network namespaces). */
export const namespace: ObjectClass = {
  name: 'namespace',
  section: {
    document: 'Namespace',
    name: 'namespace',
    schema: NamespaceField,
    whole: true,
    form: { metadata: kubernetesMetadata(false), kubernetes: true, bare: true },
  },
  compare: 'whole',
  independent: true,
  declare: (item, complain) => declare(item as unknown as Whole<object>, complain),
  key: ({ name }) => String(name),
  needs: () => [],
  write: writePolicy('namespace'),
  describe: ({ name }) => `namespace ${name}`,
};

function declare({ metadata: { name, labels } }: Whole<object>, complain: Complain): readonly Declared[] {
  const given = labelsOf(labels, 'metadata.labels', complain);
  const implied = given[NAMESPACE_NAME_LABEL];
  if (implied !== undefined && implied !== name)
    complain('metadata.labels', `${NAMESPACE_NAME_LABEL} is always ${name}: leave it out`);
  const { [NAMESPACE_NAME_LABEL]: _, ...others } = given;
  return [{ class: 'namespace', spec: { name, labels: others }, path: '' }];
}
