// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../base/errors.ts';
import type { Engine } from './engine.ts';

/**
 * Take away the programs that no document declares and whose namespace is gone, so that no plan can speak of them: the
 * kernel has detached them already, and only pins hold them.
 */
export async function removeStrayPrograms({ owned, parts }: Engine): Promise<void> {
  const elsewhere = parts.programs.installed().filter(({ netns }) => netns !== '');
  if (elsewhere.length === 0) return;
  const declared = new Set<string>();
  for (const { class: name, key } of owned.values()) if (name === 'program') declared.add(key);
  for (const { name, netns } of elsewhere)
    if (!declared.has(name) && (await isGone(parts, netns))) parts.programs.remove(name);
}

async function isGone({ open }: Engine['parts'], netns: string): Promise<boolean> {
  try {
    await open(netns);
    return false;
  } catch (error) {
    return isWeirError(error, 'NOT_FOUND');
  }
}
