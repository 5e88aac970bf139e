// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../../kinds/classes.ts';
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** Declared objects that need what the running kernel does not have. */
export function* unsupported({ input }: Outlook): Iterable<Diagnostic> {
  const { desired, unsupported: lacking } = input;
  if (lacking.size === 0) return;
  for (const { id, class: name, spec, origin } of desired) {
    for (const { feature, config } of [objectClass(name).requires?.(spec) ?? []].flat()) {
      if (!lacking.has(feature)) continue;
      const message = `${id}: this kernel has no ${feature}; ${config} brings it`;
      yield { severity: 'error', code: 'UNSUPPORTED', message, id, origin };
    }
  }
}
