// SPDX-License-Identifier: Apache-2.0
import { objectClass } from '../../kinds/classes.ts';
import type { Diagnostic } from '../plan.ts';
import type { Outlook } from './outlook.ts';

/** Declared objects that need what the running kernel does not have. */
export function* unsupported({ input }: Outlook): Iterable<Diagnostic> {
  const { desired, unsupported: lacking } = input;
  if (lacking.size === 0) return;
  for (const { id, class: name, spec, origin } of desired) {
    const needed = objectClass(name).requires?.(spec);
    if (needed === undefined || !lacking.has(needed.feature)) continue;
    const message = `${id}: this kernel has no ${needed.feature}; ${needed.config} brings it`;
    yield { severity: 'error', code: 'UNSUPPORTED', message, id, origin };
  }
}
