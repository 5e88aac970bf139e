// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { wireOf } from '../../base/wire.ts';
import { GENLMSGHDR_SIZE } from '../../codec/generated/netlink.ts';
import { NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { GROUPS, type Group } from '../../kinds/device/groups.ts';
import { genericFamily, genericPayload } from '../metrics-generic-family.ts';
import type { ClassReader } from './class-reader.ts';

/** Reads the tunables of the devices that somebody names; an export has none, since nobody knows who set them. */
export const deviceReader: ClassReader = {
  class: 'device',
  async read({ io, indexOf }, { keys }, found) {
    const transport = await io.netlink(NETLINK.GENERIC);
    for (const dev of keys) {
      const index = indexOf(dev);
      if (index === undefined) continue;
      const groups: [string, unknown][] = [];
      for (const group of GROUPS) {
        const values = await groupOf(transport, group, index);
        if (values !== undefined) groups.push([group.name, values]);
      }
      found({ dev, ...Object.fromEntries(groups) });
    }
  },
};

/** Undefined where the driver does not have them. */
async function groupOf(transport: NetlinkTransport, group: Group, devIndex: number): Promise<unknown> {
  try {
    const [reply] = await transport.request({
      type: await genericFamily(transport, 'ethtool'),
      payload: genericPayload(group.get, (out) => group.encode(out, { devIndex }, {})),
      operation: `read ${group.name} of device ${devIndex}`,
    });
    const bytes = reply?.payload ?? new Uint8Array(0);
    return group.decode(wireOf(bytes), GENLMSGHDR_SIZE, bytes.length);
  } catch (error) {
    if (error instanceof KernelError && error.errno === ERRNO.EOPNOTSUPP) return undefined;
    throw error;
  }
}
