// SPDX-License-Identifier: Apache-2.0
import {
  decodePauseAttrs,
  ETHTOOL_MSG_PAUSE_GET,
  ETHTOOL_MSG_PAUSE_SET,
  encodePauseAttrs,
} from '../../codec/generated/ethtool.ts';
import { attributeGroup, flag } from './group.ts';

/** Flow control of Ethernet (net/ethtool/pause.c). */
export const PAUSE = attributeGroup({
  name: 'pause',
  get: ETHTOOL_MSG_PAUSE_GET,
  set: ETHTOOL_MSG_PAUSE_SET,
  description: 'Pause frames',
  settings: {
    autoneg: flag('autoneg', 'Negotiate pause frames'),
    rx: flag('rx', 'Heed pause frames'),
    tx: flag('tx', 'Send pause frames'),
  },
  encode: encodePauseAttrs,
  decode: decodePauseAttrs,
});
