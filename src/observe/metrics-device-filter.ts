// SPDX-License-Identifier: Apache-2.0
import { messageOf, WeirError } from '../base/errors.ts';

/** Which devices metrics show. The patterns are regular expressions that must match the whole name. */
export interface DevicePatterns {
  readonly include?: string;
  /** Not together with `include`. */
  readonly exclude?: string;
}

/** True for a device that is shown. */
export type DeviceFilter = (ifname: string) => boolean;

/**
 * Compile the patterns.
 *
 * @returns undefined when every device is shown.
 * @throws {WeirError} `VALUE` for a pattern that is no regular expression, or for both patterns at once.
 */
export function deviceFilter({ include, exclude }: DevicePatterns): DeviceFilter | undefined {
  if (include !== undefined && exclude !== undefined)
    throw new WeirError('VALUE', { what: 'device patterns', problem: 'give include or exclude, not both' });
  if (include !== undefined) {
    const pattern = compile('include', include);
    return (ifname) => pattern.test(ifname);
  }
  if (exclude === undefined) return undefined;
  const pattern = compile('exclude', exclude);
  return (ifname) => !pattern.test(ifname);
}

function compile(what: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw new WeirError(
      'VALUE',
      { what: `device ${what} pattern "${pattern}"`, problem: messageOf(cause) },
      { cause },
    );
  }
}
