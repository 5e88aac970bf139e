// SPDX-License-Identifier: Apache-2.0

/** What a caller may do; each role includes those before it. */
export const ROLES = ['read', 'capture', 'change'] as const;

export type Role = (typeof ROLES)[number];

/** What a use case asks of its caller: `open` asks for nothing. */
export type Access = 'open' | Role;

/** True when a caller with the role `have` may do what needs `need`. */
export function permits(have: Role | undefined, need: Access): boolean {
  if (need === 'open') return true;
  return have !== undefined && ROLES.indexOf(have) >= ROLES.indexOf(need);
}
