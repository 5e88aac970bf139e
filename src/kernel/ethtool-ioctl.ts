// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import { cString } from '../base/bytes.ts';
import { kernelError } from './errno.ts';
import { native } from './native.ts';
import type { EthtoolDriver } from './ports.ts';

/** Layout of NativeAddon.ethtoolRead. */
const TEXT = 32;
const TEXTS = 5;
const VALUE = 8;

/**
 * Read what only the ethtool ioctl tells of a device.
 * @throws {KernelError} EOPNOTSUPP where the driver has none, ENODEV where there is no such device.
 * @see net/ethtool/ioctl.c ethtool_get_drvinfo(), ethtool_get_stats()
 */
export function readEthtoolDriver(netns: NetnsFd, ifname: string): EthtoolDriver {
  const bytes = native().ethtoolRead(netns, ifname);
  if (typeof bytes === 'number') throw kernelError(`SIOCETHTOOL dev ${ifname}`, -bytes);
  const text = (at: number) => cString(bytes, at, at + TEXT);
  const count = (bytes.length - TEXTS * TEXT) / (TEXT + VALUE);
  const values = (TEXTS + count) * TEXT;
  return {
    driver: text(0),
    version: text(TEXT),
    firmwareVersion: text(2 * TEXT),
    busInfo: text(3 * TEXT),
    expansionRomVersion: text(4 * TEXT),
    statistics: Array.from({ length: count }, (_, i) => [
      text((TEXTS + i) * TEXT),
      bytes.readBigUInt64LE(values + i * VALUE),
    ]),
  };
}
