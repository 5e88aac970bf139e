// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../base/kernel-error.ts';
import { wireOf } from '../base/wire.ts';
import {
  decodeLinkmodesAttrs,
  ETHTOOL_FLAG_COMPACT_BITSETS,
  ETHTOOL_MSG_LINKMODES_GET,
  encodeLinkmodesAttrs,
  LINKMODES_ATTRS,
} from '../codec/generated/ethtool.ts';
import { GENLMSGHDR_SIZE } from '../codec/generated/netlink.ts';
import { pickOf } from '../codec/table.ts';
import { type NamespaceIo, NETLINK } from '../kernel/ports.ts';
import { genericFamily, genericPayload } from './metrics-generic-family.ts';

/** What a device says of its speed, in sysfs' terms. */
export interface LinkSpeed {
  /** Mbit/s, -1 for unknown; absent where the device has none. */
  speed?: number;
  /** half, full or unknown. */
  duplex?: string;
}

const PICK = pickOf(LINKMODES_ATTRS, ['speed', 'duplex']);
const DUPLEX: Readonly<Record<number, string>> = { 0: 'half', 1: 'full' };

/**
 * Speed and duplex by ethtool. The files of the same names in sysfs wait for the RTNL lock, and a read that
 * waits holds the event loop: deleting thousands of devices takes the lock for a second. A netlink request
 * waits elsewhere.
 *
 * @throws {WeirError} `NO_DATA` on a kernel without ethtool netlink (before Linux 5.6).
 * @see net/ethtool/linkmodes.c linkmodes_fill_reply()
 */
export async function readLinkSpeed(io: NamespaceIo, ifindex: number): Promise<LinkSpeed> {
  const transport = await io.netlink(NETLINK.GENERIC);
  const type = await genericFamily(transport, 'ethtool');
  const header = { devIndex: ifindex, flags: ETHTOOL_FLAG_COMPACT_BITSETS };
  const payload = genericPayload(ETHTOOL_MSG_LINKMODES_GET, (out) => encodeLinkmodesAttrs(out, { header }));
  try {
    const [reply] = await transport.request({
      type,
      payload,
      operation: `ETHTOOL_MSG_LINKMODES_GET ${ifindex}`,
    });
    return reply === undefined ? {} : speedIn(reply.payload);
  } catch (error) {
    // the device has no link settings, or is gone by now
    if (error instanceof KernelError) return {};
    throw error;
  }
}

function speedIn(payload: Uint8Array): LinkSpeed {
  const { speed, duplex } = decodeLinkmodesAttrs(wireOf(payload), GENLMSGHDR_SIZE, payload.length, PICK);
  return {
    ...(speed === undefined ? {} : { speed: speed | 0 }),
    ...(duplex === undefined ? {} : { duplex: DUPLEX[duplex] ?? 'unknown' }),
  };
}
