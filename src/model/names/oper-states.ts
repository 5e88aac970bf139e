// SPDX-License-Identifier: Apache-2.0

/** IF_OPER_* in order (include/uapi/linux/if.h, RFC 2863). */
export const OPER_STATES = [
  'UNKNOWN',
  'NOTPRESENT',
  'DOWN',
  'LOWERLAYERDOWN',
  'TESTING',
  'DORMANT',
  'UP',
] as const;

/** Name of an operational state, digits when unknown. */
export function operStateName(state: number): string {
  return OPER_STATES[state] ?? String(state);
}
