// SPDX-License-Identifier: Apache-2.0
import type { Spec } from '../../model/object.ts';
import { bytesToTicks, roundestBytes } from './psched.ts';
import type { ComplainOf } from './setting.ts';
import { parseSize, renderSize } from './units.ts';

/** The burst of this name as the kernel keeps it: in ticks at `rate`, of which it takes `most`. */
export function keptBurst(
  settings: Spec,
  name: string,
  rate: number,
  most: number,
  complain: ComplainOf,
): string | undefined {
  if (settings[name] === undefined) return undefined;
  const ticks = bytesToTicks(rate, parseSize(settings[name] as string));
  if (ticks === 0) complain(name, 'must be more than zero');
  if (ticks > most) complain(name, `takes ${Math.round(ticks / 15.625e6)} s at this rate: make it smaller`);
  return renderSize(roundestBytes(rate, ticks));
}
