// SPDX-License-Identifier: Apache-2.0
import {
  decodeCoalesceAttrs,
  ETHTOOL_MSG_COALESCE_GET,
  ETHTOOL_MSG_COALESCE_SET,
  encodeCoalesceAttrs,
} from '../../codec/generated/ethtool.ts';
import { attributeGroup, count, flag } from './group.ts';

/** When a device interrupts (net/ethtool/coalesce.c). A driver reports the settings that it has. */
export const COALESCE = attributeGroup({
  name: 'coalesce',
  get: ETHTOOL_MSG_COALESCE_GET,
  set: ETHTOOL_MSG_COALESCE_SET,
  description: 'How long the device waits, or for how many frames, before it interrupts',
  settings: {
    rx_usecs: count('rxUsecs', 'Microseconds after a received frame'),
    rx_frames: count('rxMaxFrames', 'Received frames'),
    rx_usecs_irq: count('rxUsecsIrq', 'Microseconds after a received frame, in an interrupt'),
    rx_frames_irq: count('rxMaxFramesIrq', 'Received frames, in an interrupt'),
    tx_usecs: count('txUsecs', 'Microseconds after a sent frame'),
    tx_frames: count('txMaxFrames', 'Sent frames'),
    tx_usecs_irq: count('txUsecsIrq', 'Microseconds after a sent frame, in an interrupt'),
    tx_frames_irq: count('txMaxFramesIrq', 'Sent frames, in an interrupt'),
    stats_block_usecs: count('statsBlockUsecs', 'Microseconds between updates of statistics'),
    adaptive_rx: flag('useAdaptiveRx', 'Adapt to what is received'),
    adaptive_tx: flag('useAdaptiveTx', 'Adapt to what is sent'),
    pkt_rate_low: count('pktRateLow', 'Frames per second below which the low settings hold'),
    rx_usecs_low: count('rxUsecsLow', 'As `rx_usecs`, at a low rate'),
    rx_frames_low: count('rxMaxFramesLow', 'As `rx_frames`, at a low rate'),
    tx_usecs_low: count('txUsecsLow', 'As `tx_usecs`, at a low rate'),
    tx_frames_low: count('txMaxFramesLow', 'As `tx_frames`, at a low rate'),
    pkt_rate_high: count('pktRateHigh', 'Frames per second above which the high settings hold'),
    rx_usecs_high: count('rxUsecsHigh', 'As `rx_usecs`, at a high rate'),
    rx_frames_high: count('rxMaxFramesHigh', 'As `rx_frames`, at a high rate'),
    tx_usecs_high: count('txUsecsHigh', 'As `tx_usecs`, at a high rate'),
    tx_frames_high: count('txMaxFramesHigh', 'As `tx_frames`, at a high rate'),
    sample_interval: count('rateSampleInterval', 'Seconds between measurements of the rate'),
    cqe_mode_rx: flag('useCqeModeRx', 'Start the time anew with each completion, receiving'),
    cqe_mode_tx: flag('useCqeModeTx', 'Start the time anew with each completion, sending'),
  },
  encode: encodeCoalesceAttrs,
  decode: decodeCoalesceAttrs,
});
