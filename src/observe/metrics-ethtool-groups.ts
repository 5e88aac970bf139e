// SPDX-License-Identifier: Apache-2.0

/** Groups by ETHTOOL_STATS_*, statistics by ETHTOOL_A_STATS_<group>_*, named as IEEE 802.3 and RFC 2819 name them. */
export const STANDARD_GROUPS: readonly { readonly name: string; readonly statistics: readonly string[] }[] = [
  { name: 'phy', statistics: ['SymbolErrorDuringCarrier'] },
  {
    name: 'mac',
    statistics: [
      'FramesTransmittedOK',
      'SingleCollisionFrames',
      'MultipleCollisionFrames',
      'FramesReceivedOK',
      'FrameCheckSequenceErrors',
      'AlignmentErrors',
      'OctetsTransmittedOK',
      'FramesWithDeferredXmissions',
      'LateCollisions',
      'FramesAbortedDueToXSColls',
      'FramesLostDueToIntMACXmitError',
      'CarrierSenseErrors',
      'OctetsReceivedOK',
      'FramesLostDueToIntMACRcvError',
      'MulticastFramesXmittedOK',
      'BroadcastFramesXmittedOK',
      'FramesWithExcessiveDeferral',
      'MulticastFramesReceivedOK',
      'BroadcastFramesReceivedOK',
      'InRangeLengthErrors',
      'OutOfRangeLengthField',
      'FrameTooLongErrors',
    ],
  },
  {
    name: 'ctrl',
    statistics: ['MACControlFramesTransmitted', 'MACControlFramesReceived', 'UnsupportedOpcodesReceived'],
  },
  { name: 'rmon', statistics: ['undersize_packets', 'oversize_packets', 'fragments', 'jabbers'] },
];
