// SPDX-License-Identifier: Apache-2.0

/** Name of a device group: `default` for 0, digits otherwise. */
export function linkGroupName(group: number): string {
  return group === 0 ? 'default' : String(group);
}
