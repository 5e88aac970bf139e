// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import { isWeirError } from '../base/errors.ts';
import type { FileReader, NamespaceIo } from '../kernel/ports.ts';
import type { Link } from '../model/link.ts';
import { IFF_UP } from '../model/names/link-flags.ts';
import { type LinkSpeed, readLinkSpeed } from './link-speed.ts';

/** What metrics want of a device and no link message carries, in the terms of /sys/class/net/<name>/. */
export interface DeviceAttributes extends LinkSpeed {
  addrAssignType?: number;
  devId?: number;
  nameAssignType?: number;
}

/**
 * Read the attributes of one device. What the kernel refuses (speed of a device that is down) is absent.
 *
 * @throws whatever is not the refusal of a single attribute.
 */
export async function readDeviceAttributes(io: NamespaceIo, link: Link): Promise<DeviceAttributes> {
  const { sys } = io;
  const { ifname } = link;
  const addrAssignType = await readNumber(sys, ifname, 'addr_assign_type');
  const devId = await readNumber(sys, ifname, 'dev_id');
  const nameAssignType = await readNumber(sys, ifname, 'name_assign_type');
  return {
    ...(addrAssignType === undefined ? {} : { addrAssignType }),
    ...(devId === undefined ? {} : { devId }),
    ...(nameAssignType === undefined ? {} : { nameAssignType }),
    ...((link.raw.flags & IFF_UP) === 0 ? {} : await speedOf(io, link)),
  };
}

/** By ethtool, or from sysfs where the kernel is too old. */
async function speedOf(io: NamespaceIo, { ifindex, ifname }: Link): Promise<LinkSpeed> {
  try {
    return await readLinkSpeed(io, ifindex);
  } catch (error) {
    if (!isWeirError(error, 'NO_DATA')) throw error;
    const speed = await readNumber(io.sys, ifname, 'speed');
    const duplex = await readText(io.sys, ifname, 'duplex');
    return { ...(speed === undefined ? {} : { speed }), ...(duplex === undefined ? {} : { duplex }) };
  }
}

async function readNumber(sys: FileReader, ifname: string, file: string): Promise<number | undefined> {
  const text = await readText(sys, ifname, file);
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}

/**
 * A file that is absent or that the driver refuses (EINVAL, EOPNOTSUPP) has no value: that is not a failure.
 */
async function readText(sys: FileReader, ifname: string, file: string): Promise<string | undefined> {
  try {
    return textOf(await sys.read(`class/net/${ifname}/${file}`)).trim();
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}
