// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** FR_ACT_TO_TBL: look in a table. */
export const FR_ACT_TO_TBL = 1;
/** FR_ACT_GOTO: continue at another rule. */
export const FR_ACT_GOTO = 2;
/** FR_ACT_NOP: do nothing. */
export const FR_ACT_NOP = 3;

/** FR_ACT_* (include/uapi/linux/fib_rules.h); 6 to 8 share the numbers of the route types. */
export const RULE_ACTIONS: NameTable = {
  1: 'to_tbl',
  2: 'goto',
  3: 'nop',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
};

/** Name of a rule's action, digits when unknown. */
export function ruleActionName(action: number): string {
  return nameOf(RULE_ACTIONS, action);
}
