// SPDX-License-Identifier: Apache-2.0

/** Parent of a root qdisc (TC_H_ROOT). */
export const ROOT = 0xffff_ffff;

/**
 * `1:` or `1:10`, hexadecimal, as tc writes a handle or class id; `root` and `none` for the two special ones.
 */
export function renderHandle(handle: number): string {
  if (handle === ROOT) return 'root';
  if (handle === 0) return 'none';
  const major = handle >>> 16;
  const minor = handle & 0xffff;
  return `${major === 0 ? '' : major.toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
