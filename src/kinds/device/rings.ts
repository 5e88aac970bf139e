// SPDX-License-Identifier: Apache-2.0
import {
  decodeRingsAttrs,
  ETHTOOL_MSG_RINGS_GET,
  ETHTOOL_MSG_RINGS_SET,
  encodeRingsAttrs,
} from '../../codec/generated/ethtool.ts';
import { attributeGroup, count } from './group.ts';

/** Sizes of the rings of a device (net/ethtool/rings.c). */
export const RINGS = attributeGroup({
  name: 'rings',
  get: ETHTOOL_MSG_RINGS_GET,
  set: ETHTOOL_MSG_RINGS_SET,
  description: 'Sizes of the rings between the driver and the device',
  settings: {
    rx: count('rx', 'Entries of a receive ring'),
    rx_mini: count('rxMini', 'Entries of a ring for small frames'),
    rx_jumbo: count('rxJumbo', 'Entries of a ring for jumbo frames'),
    tx: count('tx', 'Entries of a send ring'),
  },
  encode: encodeRingsAttrs,
  decode: decodeRingsAttrs,
});
