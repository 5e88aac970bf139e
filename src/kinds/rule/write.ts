// SPDX-License-Identifier: Apache-2.0
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import {
  encodeFibRuleHdr,
  encodeRuleAttrs,
  FIB_RULE_INVERT,
  FR_ACT_BLACKHOLE,
  FR_ACT_GOTO,
  FR_ACT_NOP,
  FR_ACT_PROHIBIT,
  FR_ACT_TO_TBL,
  FR_ACT_UNREACHABLE,
  RTM_DELRULE,
  RTM_NEWRULE,
} from '../../codec/generated/rt-rule.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { RTPROT_WEIR } from '../../model/names/rt-protos.ts';
import { given, present } from '../fields.ts';
import type { Change, OperationSink } from '../object-class.ts';
import { parseDestination } from '../route/destination.ts';
import { protocolNumber, RT_TABLE_MAIN, tableNumber } from '../route/names.ts';
import { ipProtocolNumber } from './ip-protocol-number.ts';
import type { RuleSpec } from './rule.ts';

const ACTIONS = {
  blackhole: FR_ACT_BLACKHOLE,
  unreachable: FR_ACT_UNREACHABLE,
  prohibit: FR_ACT_PROHIBIT,
  nop: FR_ACT_NOP,
} as const;

/** Creation is exclusive, and removal names everything, so that it finds this rule only. */
export function writeRule({ op, before, after }: Change, to: OperationSink): void {
  const spec = (after ?? before) as RuleSpec;
  const [type, flags] = op === 'remove' ? [RTM_DELRULE, 0] : [RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL];
  to.rtnl(type, flags, (out) => {
    const src = given(spec.from, parseDestination);
    const dst = given(spec.to, parseDestination);
    const table = tableOf(spec);
    encodeFibRuleHdr(out, {
      family: spec.family === 'inet6' ? AF_INET6 : AF_INET,
      srcLen: src?.prefixlen ?? 0,
      dstLen: dst?.prefixlen ?? 0,
      tos: spec.tos ?? 0,
      table: table < 256 ? table : 0,
      action: actionOf(spec),
      flags: spec.not === true ? FIB_RULE_INVERT : 0,
    });
    encodeRuleAttrs(
      out,
      present({
        ...selectors(spec),
        fraSrc: src?.address,
        fraDst: dst?.address,
        fraPriority: spec.priority,
        fraProtocol: protocolNumber(spec.protocol ?? RTPROT_WEIR),
        fraTable: table === 0 ? undefined : table,
        fraGoto: spec.goto,
        fraSuppressPrefixlen: spec.suppress_prefixlen,
        fraSuppressIfgroup: spec.suppress_ifgroup,
        fraFlow: given(spec.realms, ({ from = 0, to: realm = 0 }) => from * 65536 + realm),
      }),
    );
  });
}

function selectors(spec: RuleSpec) {
  return {
    fraIifname: spec.iif,
    fraOifname: spec.oif,
    fraFwmark: spec.fwmark,
    // Without a mask the kernel takes the mark 0 for any mark (net/core/fib_rules.c fib_nl2rule())
    fraFwmask: spec.fwmask ?? (spec.fwmark === 0 ? 0xffff_ffff : undefined),
    fraIpProto: given(spec.ipproto, ipProtocolNumber),
    fraSportRange: given(spec.sport, portRange),
    fraDportRange: given(spec.dport, portRange),
    fraUidRange: spec.uidrange,
    fraL3mdev: spec.l3mdev === true ? 1 : undefined,
    fraTunId: given(spec.tun_id, BigInt),
  };
}

/** With l3mdev the device's table counts, and other actions have none. */
function tableOf(spec: RuleSpec): number {
  if ((spec.action ?? spec.goto ?? spec.l3mdev) !== undefined) return 0;
  return spec.table === undefined ? RT_TABLE_MAIN : tableNumber(spec.table);
}

function actionOf({ action, goto }: RuleSpec): number {
  if (goto !== undefined) return FR_ACT_GOTO;
  return action === undefined ? FR_ACT_TO_TBL : ACTIONS[action as keyof typeof ACTIONS];
}

function portRange(ports: NonNullable<RuleSpec['sport']>) {
  return typeof ports === 'number' ? { start: ports, end: ports } : ports;
}
