// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';

/** No labels. */
export const NO_LABELS: Uint8Array = new Uint8Array(0);

/** Escape a label value as the text exposition format asks for: backslash, double quote and line feed. */
export function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)) : value;
}

/** Escape HELP text: backslash and line feed. */
export function escapeHelp(text: string): string {
  return text.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\n' : '\\\\'));
}

/**
 * What stands between the braces: `a="1",b="2"`, escaped.
 *
 * @param values One for each name; a missing one counts as empty.
 */
export function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',');
}

/** `labelText` as bytes, `netns` first when the namespace is not the agent's own (''). */
export function labelBytes(netns: string, names: readonly string[], values: readonly string[]): Uint8Array {
  if (netns === '') return names.length === 0 ? NO_LABELS : bytesOf(labelText(names, values));
  return bytesOf(labelText(['netns', ...names], [netns, ...values]));
}
