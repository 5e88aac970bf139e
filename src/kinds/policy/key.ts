// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import type { PolicyClassName } from '../../model/policy.ts';

/** Identity of an object of network policy among those of its class. */
export function objectKey(name: PolicyClassName, spec: Spec): string {
  return String(spec[name === 'endpoint' || name === 'policy' ? 'key' : 'name']);
}
