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

/** Parent of an ingress or clsact qdisc (TC_H_INGRESS, TC_H_CLSACT). */
export const INGRESS_PARENT = 0xffff_fff1;

/** Parents that are no class: where packets leave the device, and where they come in. */
const PLACES: Readonly<Record<string, number>> = {
  root: ROOT,
  ingress: INGRESS_PARENT,
  clsact: INGRESS_PARENT,
};

/** Pattern of a handle or class id. */
export const HANDLE_PATTERN = '^[0-9a-fA-F]{1,4}:$';
export const CLASS_ID_PATTERN = '^[0-9a-fA-F]{0,4}:[0-9a-fA-F]{1,4}$';

/** The number of a handle, a class id or a place by its name. */
export function parseHandle(text: string): number {
  const place = PLACES[text];
  if (place !== undefined) return place;
  const [major = '', minor = ''] = text.split(':');
  return ((Number(`0x${major || '0'}`) << 16) | Number(`0x${minor || '0'}`)) >>> 0;
}

/** The handle of the qdisc that a class id belongs to. */
export function majorOf(id: string): string {
  return `${id.slice(0, id.indexOf(':'))}:`;
}

/** In the kernel's spelling: `0A:` is `a:`. */
export function canonicalHandle(text: string): string {
  return PLACES[text] === undefined ? renderHandle(parseHandle(text)) : text;
}
