// SPDX-License-Identifier: Apache-2.0
import type { PolicyHost } from '../../engine/policy/host.ts';
import { POLICY_CLASSES } from '../../engine/policy/objects.ts';
import { type PolicyNumbers, policyMetrics } from '../../metrics/policy.ts';
import { rulesOf } from './policy-report.ts';

/** Metrics of network policy; empty while none is in force. */
export async function policyMetricsText(host: PolicyHost): Promise<string> {
  await host.settled();
  const numbers = numbersOf(host);
  return numbers === undefined ? '' : policyMetrics(numbers);
}

function numbersOf(host: PolicyHost): PolicyNumbers | undefined {
  const { compiled, objects } = host;
  const counted = host.numbers();
  if (compiled === undefined || counted === undefined) return undefined;
  return {
    epoch: compiled.epoch,
    objects: Object.fromEntries(POLICY_CLASSES.map((name) => [name, objects[name].size])),
    records: { ...compiled.sizes },
    rules: rulesOf(host).map(({ name, index, ...rest }) => ({ ...rest, rule: name ?? String(index) })),
    reasons: counted.drops,
    flows: counted.flows,
    updates: host.tally.results,
    updateSeconds: host.tally.seconds,
  };
}
