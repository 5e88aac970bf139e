// SPDX-License-Identifier: Apache-2.0

/** A value that follows the machine's memory: so many for each MiB, within bounds. */
export interface ByMemory {
  readonly perMiB: number;
  readonly least: number;
  readonly most: number;
}

/** A setting of a profile, and why. */
export interface ProfileSetting {
  readonly value: number | string | boolean | ByMemory;
  readonly reason: string;
  /** Where that is from: a part of the kernel's documentation or sources. */
  readonly source: string;
  /** What the kernel must have; the setting is left out where it has not. */
  readonly needs?: { readonly congestionControl: string } | { readonly feature: string };
}

/** A set of settings for one purpose. `null` takes an inherited setting out. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  /** The profile that it starts from. */
  readonly inherits?: string;
  /** By name of the sysctl. */
  readonly sysctls: Readonly<Record<string, ProfileSetting | null>>;
  /** Of each device of the profile, by the setting's dotted name in `devices`: `coalesce.rx_usecs`. */
  readonly devices: Readonly<Record<string, ProfileSetting | null>>;
}

/** The value on a machine with so much memory. */
export function valueOn(
  { value }: Pick<ProfileSetting, 'value'>,
  memoryMiB: number,
): number | string | boolean {
  if (typeof value !== 'object') return value;
  return Math.min(value.most, Math.max(value.least, Math.round(value.perMiB * memoryMiB)));
}
