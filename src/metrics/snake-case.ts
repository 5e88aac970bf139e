// SPDX-License-Identifier: Apache-2.0

/** `FramesReceivedOK`, `rx-hw-drops` and `XfrmInError` as words joined by underscores, in lower case. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^a-zA-Z0-9]+/g, '_')
    .toLowerCase();
}
