// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '../../model/rule.ts';
import { showObject } from './object.ts';

/** Routing policy rules in the order in which the kernel tries them. */
export const RULES = showObject<Rule>({
  name: 'rules',
  summary: 'routing policy rules',
  filters: ['family'],
  columns: [
    { title: 'PRIORITY', value: (rule) => rule.priority, align: 'right', tone: () => 'strong' },
    { title: 'FAMILY', value: (rule) => rule.family },
    { title: 'FROM', value: (rule) => prefix(rule.src, rule.srclen) },
    { title: 'TO', value: (rule) => prefix(rule.dst, rule.dstlen) },
    { title: 'MATCH', value: matches },
    { title: 'ACTION', value: actionOf },
    { title: 'PROTOCOL', value: (rule) => rule.protocol },
  ],
});

function prefix(address: string | undefined, length: number | undefined): string | undefined {
  return address === undefined || length === undefined ? address : `${address}/${length}`;
}

/** What ip writes as `key value`, in ip's order; `not` turns the whole rule round. */
const MATCHES = ['tos', 'fwmark', 'iif', 'oif', 'ipproto', 'sport', 'dport', 'tun_id'] as const;

function matches(rule: Rule): string {
  const words = MATCHES.flatMap((key) => (rule[key] === undefined ? [] : [`${key} ${rule[key]}`]));
  if (rule.sport_start !== undefined) words.push(`sport ${rule.sport_start}-${rule.sport_end}`);
  if (rule.dport_start !== undefined) words.push(`dport ${rule.dport_start}-${rule.dport_end}`);
  if (rule.uid_start !== undefined) words.push(`uid ${rule.uid_start}-${rule.uid_end}`);
  if (rule.fwmask !== undefined) words.push(`mask ${rule.fwmask}`);
  return `${rule.not === null ? 'not ' : ''}${words.join(' ')}`.trim();
}

function actionOf(rule: Rule): string | undefined {
  if (rule.goto !== undefined) return `goto ${rule.goto}`;
  if (rule.l3mdev === null) return 'lookup l3mdev';
  if (rule.nop === null) return 'nop';
  const suppress = rule.suppress_prefixlen === undefined ? '' : ` suppress /${rule.suppress_prefixlen}`;
  return rule.action ?? (rule.table === undefined ? undefined : `lookup ${rule.table}${suppress}`);
}
