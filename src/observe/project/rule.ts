// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import {
  decodeFibRuleHdr,
  decodeRuleAttrs,
  FIB_RULE_HDR_SIZE,
  type FibRuleHdr,
  type FibRulePortRange,
  type RuleAttrs,
} from '../../codec/generated/rt-rule.ts';
import { type Fields, given, present, toNumber } from '../../kinds/fields.ts';
import { dsfieldName } from '../../model/names/dsfields.ts';
import { AF_INET6, familyName } from '../../model/names/families.ts';
import { ipProtocolName } from '../../model/names/ip-protocols.ts';
import { linkGroupName } from '../../model/names/link-groups.ts';
import { realmName } from '../../model/names/realms.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import { rtTableName } from '../../model/names/rt-tables.ts';
import { FR_ACT_GOTO, FR_ACT_NOP, FR_ACT_TO_TBL, ruleActionName } from '../../model/names/rule-actions.ts';
import type { Rule } from '../../model/rule.ts';

const FIB_RULE_INVERT = 0x2;
const FIB_RULE_UNRESOLVED = 0x4;
const FIB_RULE_IIF_DETACHED = 0x8;
const FIB_RULE_OIF_DETACHED = 0x10;

/** A key without a value, which `ip` writes for a flag. */
const flag = (set: boolean) => (set ? null : undefined);

/**
 * A rule from a RTM_NEWRULE or RTM_DELRULE message (net/core/fib_rules.c fib_nl_fill_rule()).
 *
 * @throws {WeirError} `DECODE`.
 */
export function projectRule(wire: Wire, start: number, end: number): Rule {
  const header = decodeFibRuleHdr(wire, start, Math.min(end, start + FIB_RULE_HDR_SIZE));
  const a = decodeRuleAttrs(wire, start + FIB_RULE_HDR_SIZE, end);
  return present({
    family: familyName(header.family),
    priority: a.fraPriority ?? 0,
    not: flag((header.flags & FIB_RULE_INVERT) !== 0),
    ...selectors(header, a),
    table: given(table(header, a), rtTableName),
    suppress_prefixlen: a.fraSuppressPrefixlen === -1 ? undefined : a.fraSuppressPrefixlen,
    suppress_ifgroup: a.fraSuppressIfgroup === -1 ? undefined : given(a.fraSuppressIfgroup, linkGroupName),
    ...given(a.fraFlow, realms),
    ...action(header, a),
    protocol: rtProtoName(a.fraProtocol ?? 0),
  }) as unknown as Rule;
}

function selectors(header: FibRuleHdr, a: RuleAttrs): Fields {
  const bits = header.family === AF_INET6 ? 128 : 32;
  const length = (prefix: number) => (prefix === bits || prefix === 0 ? undefined : prefix);
  return {
    src: given(a.fraSrc, renderIp) ?? (header.srcLen === 0 ? 'all' : '0'),
    srclen: length(header.srcLen),
    dst: given(a.fraDst, renderIp) ?? (header.dstLen === 0 ? undefined : '0'),
    dstlen: length(header.dstLen),
    tos: header.tos === 0 ? undefined : dsfieldName(header.tos),
    dscp: given(a.fraDscp, (dscp) => dsfieldName(dscp << 2)),
    ...mark(a),
    iif: a.fraIifname,
    iif_detached: flag((header.flags & FIB_RULE_IIF_DETACHED) !== 0),
    oif: a.fraOifname,
    oif_detached: flag((header.flags & FIB_RULE_OIF_DETACHED) !== 0),
    l3mdev: flag(a.fraL3mdev === 1),
    uid_start: a.fraUidRange?.start,
    uid_end: a.fraUidRange?.end,
    ipproto: given(a.fraIpProto, ipProtocolName),
    ...ports('sport', a.fraSportRange),
    ...ports('dport', a.fraDportRange),
    tun_id: toNumber(a.fraTunId),
    flowlabel: given(a.fraFlowlabel, (label) => `0x${label.toString(16)}`),
  };
}

function mark({ fraFwmark, fraFwmask }: RuleAttrs): Fields {
  if (fraFwmark === undefined && fraFwmask === undefined) return {};
  return {
    fwmark: `0x${(fraFwmark ?? 0).toString(16)}`,
    fwmask: fraFwmask === undefined || fraFwmask === 0xffff_ffff ? undefined : `0x${fraFwmask.toString(16)}`,
  };
}

function ports(name: 'sport' | 'dport', range: FibRulePortRange | undefined): Fields {
  if (range === undefined) return {};
  if (range.start === range.end) return { [name]: range.start };
  return { [`${name}_start`]: range.start, [`${name}_end`]: range.end };
}

/** Table 0 says that the rule does not look anything up. */
function table(header: FibRuleHdr, a: RuleAttrs): number | undefined {
  const number = a.fraTable ?? header.table;
  return number === 0 ? undefined : number;
}

function realms(flow: number): Fields {
  const from = flow >>> 16;
  return { flow_from: from === 0 ? undefined : realmName(from), flow_to: realmName(flow & 0xffff) };
}

function action(header: FibRuleHdr, a: RuleAttrs): Fields {
  switch (header.action) {
    case FR_ACT_TO_TBL:
      return {};
    case FR_ACT_GOTO:
      return { goto: a.fraGoto, unresolved: flag((header.flags & FIB_RULE_UNRESOLVED) !== 0) };
    case FR_ACT_NOP:
      return { nop: null };
    default:
      return { action: ruleActionName(header.action) };
  }
}
