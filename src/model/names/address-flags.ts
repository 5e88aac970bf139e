// SPDX-License-Identifier: Apache-2.0

const IFA_F_SECONDARY = 0x01;
const IFA_F_PERMANENT = 0x80;

/** IFA_F_* bits with a name (include/uapi/linux/if_addr.h). */
const ADDRESS_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [IFA_F_SECONDARY, 'secondary'],
  [0x02, 'nodad'],
  [0x04, 'optimistic'],
  [0x08, 'dadfailed'],
  [0x10, 'home'],
  [0x20, 'deprecated'],
  [0x40, 'tentative'],
  [IFA_F_PERMANENT, 'permanent'],
  [0x100, 'mngtmpaddr'],
  [0x200, 'noprefixroute'],
  [0x400, 'autojoin'],
  [0x800, 'stable-privacy'],
];

/**
 * Names of an address's flags. "dynamic" is the absence of IFA_F_PERMANENT; the first bit means two things.
 */
export function addressFlagNames(flags: number, inet6: boolean): readonly string[] {
  const names: string[] = [];
  for (const [bit, name] of ADDRESS_FLAGS) {
    const set = (flags & bit) !== 0;
    if (bit === IFA_F_PERMANENT) {
      if (!set) names.push('dynamic');
    } else if (set) names.push(bit === IFA_F_SECONDARY && inet6 ? 'temporary' : name);
  }
  return names;
}
