// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../../base/wire.ts';
import {
  decodeNexthopAttrs,
  decodeNhmsg,
  NEXTHOP_GRP_TYPE_RES,
  type NexthopAttrs,
  NHMSG_SIZE,
  type NhaResGroupAttrs,
} from '../../codec/generated/nexthop.ts';
import { type Fields, given, present, seconds } from '../../kinds/fields.ts';
import { rtFlagNames } from '../../model/names/rt-flags.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import { rtScopeName } from '../../model/names/rt-scopes.ts';
import type { Nexthop } from '../../model/nexthop.ts';
import type { DeviceNames } from './device-names.ts';
import { withEncap } from './encap.ts';
import { renderGateway } from './gateway.ts';

/**
 * A nexthop object from a RTM_NEWNEXTHOP or RTM_DELNEXTHOP message (net/ipv4/nexthop.c nh_fill_node()).
 *
 * @throws {WeirError} `DECODE`.
 */
export function projectNexthop(wire: Wire, start: number, end: number, names: DeviceNames): Nexthop {
  const header = decodeNhmsg(wire, start, Math.min(end, start + NHMSG_SIZE));
  const a = decodeNexthopAttrs(wire, start + NHMSG_SIZE, end);
  const nexthop = present({
    id: a.nhaId ?? 0,
    group: given(a.nhaGroup, renderGroup),
    type: a.nhaGroupType === NEXTHOP_GRP_TYPE_RES ? 'resilient' : undefined,
    resilient_args: given(a.nhaResGroup, resilientArgs),
    ...renderGateway(a.nhaGateway, undefined),
    dev: given(a.nhaOif, names),
    scope: rtScopeName(header.nhScope),
    blackhole: a.nhaBlackhole === true ? null : undefined,
    protocol: rtProtoName(header.nhProtocol),
    flags: rtFlagNames(header.nhFlags),
    fdb: a.nhaFdb === true ? null : undefined,
  });
  return withEncap(nexthop, a.nhaEncapType, a.nhaEncap, names) as unknown as Nexthop;
}

/** The kernel stores weights less one and leaves out ones. */
function renderGroup(group: NonNullable<NexthopAttrs['nhaGroup']>) {
  return group.map(({ id, weight }) => (weight === 0 ? { id } : { id, weight: weight + 1 }));
}

function resilientArgs(a: NhaResGroupAttrs): Fields {
  return {
    buckets: a.nhaResGroupBuckets ?? 0,
    idle_timer: (a.nhaResGroupIdleTimer ?? 0) / 100,
    unbalanced_timer: (a.nhaResGroupUnbalancedTimer ?? 0) / 100,
    unbalanced_time: seconds(a.nhaResGroupUnbalancedTime) ?? 0,
  };
}
