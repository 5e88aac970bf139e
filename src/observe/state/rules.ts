// SPDX-License-Identifier: Apache-2.0
import { decodeFibRuleHdr, decodeRuleAttrs, FIB_RULE_HDR_SIZE } from '../../codec/generated/rt-rule.ts';
import { NETLINK } from '../../kernel/ports.ts';
import { ruleSpec } from '../../kinds/rule/observed.ts';
import { rule } from '../../kinds/rule/rule.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { ruleDump } from '../dump-requests.ts';
import type { ClassReader } from './class-reader.ts';

/** Routing policy rules; with all others those that somebody made. */
export const ruleReader: ClassReader = {
  class: 'rule',
  async read({ io }, want, found) {
    if (!want.all && want.keys.size === 0) return;
    const transport = await io.netlink(NETLINK.ROUTE);
    for (const family of [AF_INET, AF_INET6])
      await transport.dump(ruleDump(family), (wire, start, end) => {
        const header = decodeFibRuleHdr(wire, start, Math.min(end, start + FIB_RULE_HDR_SIZE));
        const spec = ruleSpec(header, decodeRuleAttrs(wire, start + FIB_RULE_HDR_SIZE, end));
        // the kernel's own: local, main and default
        if (want.all ? spec['protocol'] !== 'kernel' : want.keys.has(rule.key(spec))) found(spec);
      });
  },
};
