// SPDX-License-Identifier: Apache-2.0

/** An MPLS label stack as text: `100/200`, from the top to the bottom of the stack. */
export function renderMplsLabels(stack: Uint8Array): string {
  const labels: number[] = [];
  for (let i = 0; i + 4 <= stack.length; i += 4) {
    const [a = 0, b = 0, c = 0] = stack.subarray(i, i + 3);
    labels.push((a << 12) | (b << 4) | (c >> 4));
    if ((c & 1) === 1) break;
  }
  return labels.join('/');
}
