// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import { checked } from './errno.ts';
import { native } from './native.ts';
import type { TunDevice } from './ports.ts';

/** Flags of TUNSETIFF (include/uapi/linux/if_tun.h). */
const IFF_TUN = 1;
const IFF_TAP = 2;
const IFF_MULTI_QUEUE = 0x100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;

const NOBODY = -1;

/**
 * Create or remove a TUN or TAP device that outlives its creator.
 * @throws {KernelError} EBUSY when a program uses it, EINVAL when a device of another kind has the name.
 */
export function setTun(netns: NetnsFd, device: TunDevice): void {
  const { op, name, mode, multiQueue, pi, vnetHdr, user = NOBODY, group = NOBODY } = device;
  const flags =
    (mode === 'tun' ? IFF_TUN : IFF_TAP) |
    (multiQueue ? IFF_MULTI_QUEUE : 0) |
    (pi ? 0 : IFF_NO_PI) |
    (vnetHdr ? IFF_VNET_HDR : 0);
  checked(
    `${op} ${mode} ${name}`,
    native().tunSet(netns, name, flags, op === 'create', user, group),
    'CAP_NET_ADMIN',
  );
}
