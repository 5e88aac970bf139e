// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { MAX_PREFIXES } from '../../model/policy.ts';
import { present } from '../fields.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { declaredBlock } from './blocks.ts';
import { OwnMetadata, type Whole } from './metadata.ts';
import { writePolicy } from './write.ts';

/** The `spec` of a CidrSet document. */
export const CidrSetField = Type.Object(
  {
    cidrs: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Prefixes, and addresses for prefixes of one address',
        maxItems: MAX_PREFIXES,
      }),
    ),
    file: Type.Optional(
      Type.String({
        description: 'File on the node with one prefix in a line; # begins a comment',
        pattern: '^/',
        maxLength: 4095,
      }),
    ),
  },
  { additionalProperties: false, description: 'A named set of prefixes, of both families' },
);

type CidrSetValue = Static<typeof CidrSetField>;

/** Sets of prefixes. */
export const cidrSet: ObjectClass = {
  name: 'cidr-set',
  section: {
    document: 'CidrSet',
    name: 'cidr-set',
    schema: CidrSetField,
    whole: true,
    form: { metadata: OwnMetadata },
  },
  compare: 'whole',
  independent: true,
  declare: (item, complain) => declare(item as unknown as Whole<CidrSetValue>, complain),
  key: ({ name }) => String(name),
  needs: () => [],
  write: writePolicy('cidr-set'),
  describe: ({ name }) => `cidr set ${name}`,
};

function declare({ metadata, spec }: Whole<CidrSetValue>, complain: Complain): readonly Declared[] {
  const { cidrs, file } = spec;
  if ((cidrs === undefined) === (file === undefined)) complain('spec', 'must have either "cidrs" or "file"');
  const blocks = cidrs?.map((text, i) => declaredBlock(text, `spec.cidrs.${i}`, complain, true));
  const declared = present({ name: metadata.name, cidrs: blocks && [...new Set(blocks)], file });
  return [{ class: 'cidr-set', spec: declared, path: '' }];
}
