// SPDX-License-Identifier: Apache-2.0
import { isWeirError } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import type { NamespaceIo } from '../../kernel/ports.ts';
import { readLinks } from '../../observe/read.ts';
import type { DeviceIdentity } from '../../plan/match.ts';

/** What the devices of a namespace can be found by. @throws {WeirError} from the transport. */
export async function deviceIdentities(io: NamespaceIo): Promise<readonly DeviceIdentity[]> {
  const links = await readLinks(io);
  return links.map(({ ifname: name, address, permaddr, parentdev, linkinfo }) => {
    const driver = driverOf(io, name);
    return {
      name,
      ...(address !== undefined && { address }),
      ...(permaddr !== undefined && { permaddr }),
      ...(parentdev !== undefined && { path: parentdev }),
      ...(driver !== undefined && { driver }),
      ...(linkinfo !== undefined && { kind: linkinfo.info_kind }),
    };
  });
}

/** Undefined where there is none to ask, or the device has just gone. */
function driverOf(io: NamespaceIo, name: string): string | undefined {
  try {
    return io.ethtool(name).driver;
  } catch (error) {
    if (error instanceof KernelError || isWeirError(error)) return undefined;
    throw error;
  }
}
