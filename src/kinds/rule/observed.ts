// SPDX-License-Identifier: Apache-2.0
import {
  FIB_RULE_INVERT,
  type FibRuleHdr,
  type FibRulePortRange,
  FR_ACT_GOTO,
  FR_ACT_TO_TBL,
  type RuleAttrs,
} from '../../codec/generated/rt-rule.ts';
import { AF_INET6 } from '../../model/names/families.ts';
import { ipProtocolName } from '../../model/names/ip-protocols.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import { ruleActionName } from '../../model/names/rule-actions.ts';
import type { Spec } from '../../model/object.ts';
import { given, present, toNumber, unlessZero } from '../fields.ts';
import { renderDestination } from '../route/destination.ts';
import { tableField } from '../route/names.ts';

const U32 = 0xffff_ffff;

/** The canonical settings of a rule that the kernel reports (net/core/fib_rules.c fib_nl_fill_rule()). */
export function ruleSpec(header: FibRuleHdr, a: RuleAttrs): Spec {
  const table = a.fraTable ?? header.table;
  return present({
    priority: a.fraPriority ?? 0,
    family: header.family === AF_INET6 ? 'inet6' : undefined,
    not: (header.flags & FIB_RULE_INVERT) === 0 ? undefined : true,
    from: given(a.fraSrc, (address) => renderDestination(address, header.srcLen)),
    to: given(a.fraDst, (address) => renderDestination(address, header.dstLen)),
    iif: a.fraIifname,
    oif: a.fraOifname,
    fwmark: a.fraFwmark ?? (a.fraFwmask === undefined ? undefined : 0),
    fwmask: a.fraFwmask === U32 ? undefined : a.fraFwmask,
    tos: unlessZero(header.tos),
    ipproto: given(unlessZero(a.fraIpProto), ipProtocolName),
    sport: given(a.fraSportRange, ports),
    dport: given(a.fraDportRange, ports),
    uidrange: given(a.fraUidRange, ({ start, end }) => ({ start, end })),
    l3mdev: a.fraL3mdev === 1 ? true : undefined,
    tun_id: toNumber(a.fraTunId),
    table: header.action === FR_ACT_TO_TBL && table !== 0 ? tableField(table) : undefined,
    action: [FR_ACT_TO_TBL, FR_ACT_GOTO].includes(header.action) ? undefined : ruleActionName(header.action),
    goto: a.fraGoto,
    suppress_prefixlen: signed(a.fraSuppressPrefixlen),
    suppress_ifgroup: signed(a.fraSuppressIfgroup),
    realms: given(unlessZero(a.fraFlow), (flow) =>
      present({ from: unlessZero(flow >>> 16), to: unlessZero(flow & 0xffff) }),
    ),
    protocol: rtProtoName(a.fraProtocol ?? 0),
  });
}

function ports({ start, end }: FibRulePortRange) {
  return start === end ? start : { start, end };
}

/** The kernel writes -1 for none. */
function signed(value: number | undefined): number | undefined {
  return value === -1 || value === U32 ? undefined : value;
}
