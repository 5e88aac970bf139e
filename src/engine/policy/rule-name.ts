// SPDX-License-Identifier: Apache-2.0
import type { RuleOrigin } from '../../policy/compiled.ts';

/** Names a rule from one compilation to the next. */
export function ruleName({ policy, direction, index, name }: RuleOrigin): string {
  return `${policy} ${direction} ${name ?? index}`;
}
