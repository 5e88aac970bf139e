// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import { isWeirError } from '../base/errors.ts';
import type { FileReader } from '../kernel/ports.ts';

/** Attributes of a device that netlink does not carry, from /sys/class/net/<name>/. */
export interface SysfsAttributes {
  addrAssignType?: number;
  devId?: number;
  nameAssignType?: number;
  /** Mbit/s as the kernel says it, -1 for unknown; absent where the device has none. */
  speed?: number;
  duplex?: string;
}

/**
 * Read the attributes of one device. What the kernel refuses (speed of a loopback device) is absent.
 *
 * @throws whatever is not the refusal of a single file.
 */
export async function readSysfsAttributes(sys: FileReader, ifname: string): Promise<SysfsAttributes> {
  const found: SysfsAttributes = {};
  const addrAssignType = await readNumber(sys, ifname, 'addr_assign_type');
  if (addrAssignType !== undefined) found.addrAssignType = addrAssignType;
  const devId = await readNumber(sys, ifname, 'dev_id');
  if (devId !== undefined) found.devId = devId;
  const nameAssignType = await readNumber(sys, ifname, 'name_assign_type');
  if (nameAssignType !== undefined) found.nameAssignType = nameAssignType;
  const speed = await readNumber(sys, ifname, 'speed');
  if (speed !== undefined) found.speed = speed;
  const duplex = await readText(sys, ifname, 'duplex');
  if (duplex !== undefined) found.duplex = duplex;
  return found;
}

async function readNumber(sys: FileReader, ifname: string, file: string): Promise<number | undefined> {
  const text = await readText(sys, ifname, file);
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}

/** A file that is absent or that the driver refuses (EINVAL, EOPNOTSUPP) has no value: that is not a failure. */
async function readText(sys: FileReader, ifname: string, file: string): Promise<string | undefined> {
  try {
    return textOf(await sys.read(`class/net/${ifname}/${file}`)).trim();
  } catch (error) {
    if (isWeirError(error) || isErrno(error)) return undefined;
    throw error;
  }
}

function isErrno(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
