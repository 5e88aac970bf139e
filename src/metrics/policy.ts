// SPDX-License-Identifier: Apache-2.0
// Metrics of network policy: what rules count, why packets are dropped, how many connections are known.
import type { Family } from './exposition.ts';
import { labelText } from './labels.ts';

/** What one rule has counted. */
export interface PolicyRuleRow {
  readonly policy: string;
  readonly direction: string;
  /** Name, or place in the list of the direction. */
  readonly rule: string;
  readonly action: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Numbers about the network policy in force. */
export interface PolicyNumbers {
  readonly epoch: number;
  /** Objects in force by kind. */
  readonly objects: Readonly<Record<string, number>>;
  /** Records of the maps that are in use, by map. */
  readonly records: Readonly<Record<string, number>>;
  readonly rules: readonly PolicyRuleRow[];
  /** Packets by why they were judged without a rule, or dropped. */
  readonly reasons: Readonly<Record<string, { readonly packets: number; readonly bytes: number }>>;
  readonly flows: Readonly<Record<string, number>>;
  /** Updates since the agent started, by result. */
  readonly updates: Readonly<Record<string, number>>;
  /** Seconds that the last update took. */
  readonly updateSeconds: number;
}

/** Rules that are shown each, of each family; those of more are only in the sums of their policies. */
export const RULE_BUDGET = 10_000;
/** Policies that are shown each. */
export const POLICY_BUDGET = 10_000;

const RULE = ['policy', 'direction', 'rule', 'action'];

/** Families of network policy. They are there while a policy is in force. */
export const POLICY = {
  packets: {
    name: 'weir_policy_packets_total',
    help: 'Packets that the rules of a policy decided about: first ones of connections, and those without.',
    type: 'counter',
    labels: ['policy'],
    budget: POLICY_BUDGET,
  },
  bytes: {
    name: 'weir_policy_bytes_total',
    help: 'Bytes of these packets.',
    type: 'counter',
    labels: ['policy'],
    budget: POLICY_BUDGET,
  },
  rulePackets: {
    name: 'weir_policy_rule_packets_total',
    help: 'Packets that a rule decided about.',
    type: 'counter',
    labels: RULE,
    budget: RULE_BUDGET,
  },
  ruleBytes: {
    name: 'weir_policy_rule_bytes_total',
    help: 'Bytes of these packets.',
    type: 'counter',
    labels: RULE,
    budget: RULE_BUDGET,
  },
  reasons: {
    name: 'weir_policy_verdicts_total',
    help: 'Packets that passed or were dropped, by why.',
    type: 'counter',
    labels: ['reason'],
  },
  flows: {
    name: 'weir_policy_flows',
    help: 'Connections that are known, those that have timed out and not been replaced included.',
    type: 'gauge',
    labels: ['state'],
  },
  objects: {
    name: 'weir_policy_objects',
    help: 'Objects of network policy in force.',
    type: 'gauge',
    labels: ['kind'],
  },
  records: {
    name: 'weir_policy_map_records',
    help: 'Records of the maps that are in use.',
    type: 'gauge',
    labels: ['map'],
  },
  updates: {
    name: 'weir_policy_updates_total',
    help: 'Updates of the policy in force since the agent started.',
    type: 'counter',
    labels: ['result'],
  },
  updateSeconds: {
    name: 'weir_policy_update_seconds',
    help: 'Time that the last update took.',
    type: 'gauge',
    labels: [],
  },
  epoch: {
    name: 'weir_policy_epoch',
    help: 'Number of the update that is in force.',
    type: 'gauge',
    labels: [],
  },
  folded: {
    name: 'weir_policy_folded_rules',
    help: 'Rules that have no series of their own, since there are more than the budget allows.',
    type: 'gauge',
    labels: [],
  },
} as const satisfies Record<string, Family>;

type Sample = readonly [values: readonly string[], value: number];

/** The families in the text format. */
export function policyMetrics(numbers: PolicyNumbers): string {
  const { rules, reasons, flows, objects, records, updates } = numbers;
  const sums = sumsOf(rules);
  const shown = rules.slice(0, RULE_BUDGET);
  const each = (value: (row: PolicyRuleRow) => number) =>
    shown.map((row): Sample => [[row.policy, row.direction, row.rule, row.action], value(row)]);
  const pairs = (values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([label, value]): Sample => [[label], value]);
  const one = (value: number): readonly Sample[] => [[[], value]];
  const policies = [...sums].slice(0, POLICY_BUDGET);
  return [
    text(
      POLICY.packets,
      policies.map(([policy, { packets }]) => [[policy], packets]),
    ),
    text(
      POLICY.bytes,
      policies.map(([policy, { bytes }]) => [[policy], bytes]),
    ),
    text(
      POLICY.rulePackets,
      each(({ packets }) => packets),
    ),
    text(
      POLICY.ruleBytes,
      each(({ bytes }) => bytes),
    ),
    text(
      POLICY.reasons,
      Object.entries(reasons).map(([reason, { packets }]) => [[reason.toLowerCase()], packets]),
    ),
    text(POLICY.flows, pairs(flows)),
    text(POLICY.objects, pairs(objects)),
    text(POLICY.records, pairs(records)),
    text(POLICY.updates, pairs(updates)),
    text(POLICY.updateSeconds, one(numbers.updateSeconds)),
    text(POLICY.epoch, one(numbers.epoch)),
    text(POLICY.folded, one(rules.length - shown.length)),
  ].join('');
}

function sumsOf(rules: readonly PolicyRuleRow[]): ReadonlyMap<string, { packets: number; bytes: number }> {
  const sums = new Map<string, { packets: number; bytes: number }>();
  for (const { policy, packets, bytes } of rules) {
    const sum = sums.get(policy) ?? { packets: 0, bytes: 0 };
    sums.set(policy, { packets: sum.packets + packets, bytes: sum.bytes + bytes });
  }
  return sums;
}

function text({ name, help, type, labels }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(([values, value]) => {
    const set = labels.length === 0 ? '' : `{${labelText(labels, values)}}`;
    return `${name}${set} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
