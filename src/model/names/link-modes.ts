// SPDX-License-Identifier: Apache-2.0

/** IF_LINK_MODE_* in order (include/uapi/linux/if.h). */
export const LINK_MODES = ['DEFAULT', 'DORMANT', 'TESTING'] as const;

/** Name of a link mode, digits when unknown. */
export function linkModeName(mode: number): string {
  return LINK_MODES[mode] ?? String(mode);
}
