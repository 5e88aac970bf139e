// SPDX-License-Identifier: Apache-2.0

/** Name of a routing realm (RTA_FLOW): `cosmos` for 0, digits otherwise. */
export function realmName(realm: number): string {
  return realm === 0 ? 'cosmos' : String(realm);
}
