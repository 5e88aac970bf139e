// SPDX-License-Identifier: Apache-2.0
import {
  decodeChannelsAttrs,
  ETHTOOL_MSG_CHANNELS_GET,
  ETHTOOL_MSG_CHANNELS_SET,
  encodeChannelsAttrs,
} from '../../codec/generated/ethtool.ts';
import { attributeGroup, count } from './group.ts';

/** How many queues a device has (net/ethtool/channels.c). */
export const CHANNELS = attributeGroup({
  name: 'channels',
  get: ETHTOOL_MSG_CHANNELS_GET,
  set: ETHTOOL_MSG_CHANNELS_SET,
  description: 'How many queues and interrupts the device uses',
  settings: {
    rx: count('rxCount', 'Channels that only receive'),
    tx: count('txCount', 'Channels that only send'),
    other: count('otherCount', 'Channels for other interrupts'),
    combined: count('combinedCount', 'Channels that do both'),
  },
  encode: encodeChannelsAttrs,
  decode: decodeChannelsAttrs,
});
