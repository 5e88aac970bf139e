// SPDX-License-Identifier: Apache-2.0

/** IFF_* bits with a name, in the order that `ip` lists them (include/uapi/linux/if.h). */
const LINK_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [1 << 3, 'LOOPBACK'],
  [1 << 1, 'BROADCAST'],
  [1 << 4, 'POINTOPOINT'],
  [1 << 12, 'MULTICAST'],
  [1 << 7, 'NOARP'],
  [1 << 9, 'ALLMULTI'],
  [1 << 8, 'PROMISC'],
  [1 << 10, 'MASTER'],
  [1 << 11, 'SLAVE'],
  [1 << 2, 'DEBUG'],
  [1 << 15, 'DYNAMIC'],
  [1 << 14, 'AUTOMEDIA'],
  [1 << 13, 'PORTSEL'],
  [1 << 5, 'NOTRAILERS'],
  [1 << 0, 'UP'],
  [1 << 16, 'LOWER_UP'],
  [1 << 17, 'DORMANT'],
  [1 << 18, 'ECHO'],
];

/** The operator wants the device up. */
export const IFF_UP = 1;
const IFF_RUNNING = 1 << 6;

const known = LINK_FLAGS.reduce((all, [bit]) => all | bit, IFF_RUNNING);
const shared = new Map<string, readonly string[]>();

/**
 * Names of a device's flags. NO-CARRIER stands for "up but not running", M-DOWN for a lower device that is
 * not up. Arrays of equal flags are one object: thousands of devices have the same few combinations.
 */
export function linkFlagNames(flags: number, lowerDown: boolean): readonly string[] {
  const key = `${flags}${lowerDown ? 'd' : ''}`;
  const cached = shared.get(key);
  if (cached !== undefined) return cached;
  const names = LINK_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  if ((flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) === 0) names.unshift('NO-CARRIER');
  const rest = (flags & ~known) >>> 0;
  if (rest !== 0) names.push(rest.toString(16));
  if (lowerDown) names.push('M-DOWN');
  shared.set(key, names);
  return names;
}
