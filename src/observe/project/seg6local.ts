// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { LwtunnelEncapMsg } from '../../codec/generated/rt-route.ts';
import { type Fields, given } from '../../kinds/fields.ts';
import { rtTableName } from '../../model/names/rt-tables.ts';
import type { DeviceNames } from './device-names.ts';
import { renderSegments } from './seg6.ts';

/** SEG6_LOCAL_ACTION_* by number (include/uapi/linux/seg6_local.h). */
const ACTIONS = [
  'unspec',
  'End',
  'End.X',
  'End.T',
  'End.DX2',
  'End.DX6',
  'End.DX4',
  'End.DT6',
  'End.DT4',
  'End.B6',
  'End.B6.Encaps',
  'End.BM',
  'End.S',
  'End.AS',
  'End.AM',
  'End.BPF',
  'End.DT46',
];

/** A local segment's action with its arguments. */
export function renderSeg6Local(
  encap: Extract<LwtunnelEncapMsg, { kind: 'seg6local' }>,
  names: DeviceNames,
): Fields {
  return {
    action: given(encap.action, (action) => ACTIONS[action] ?? 'unknown'),
    srh: given(encap.srh, renderSegments),
    table: given(encap.table, rtTableName),
    vrftable: given(encap.vrftable, rtTableName),
    nh4: given(encap.nh4, renderIp),
    nh6: given(encap.nh6, renderIp),
    iif: given(encap.iif, names),
    oif: given(encap.oif, names),
  };
}
