// SPDX-License-Identifier: Apache-2.0
import type { PolicyClassName } from '../../model/policy.ts';
import type { ObjectClass } from '../object-class.ts';
import { objectKey } from './key.ts';

/** What a step asks of the policy host. All that one plan asks takes effect at once, when the last of it is written. */
export function writePolicy(name: PolicyClassName): ObjectClass['write'] {
  return ({ before, after }, to) => {
    if (after !== undefined) to.policy({ op: 'set', class: name, key: objectKey(name, after), spec: after });
    else if (before !== undefined) to.policy({ op: 'remove', class: name, key: objectKey(name, before) });
  };
}
