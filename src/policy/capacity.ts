// SPDX-License-Identifier: Apache-2.0
import type { PolicySizes } from './compiled.ts';
import type { PolicyProblem } from './problems.ts';

/** Records that each map of the datapath holds at most. */
export type PolicyCapacity = PolicySizes;

/** What people call the content of a map, and what makes it less. */
const NAMES: Readonly<Record<keyof PolicySizes, { readonly what: string; readonly less: string }>> = {
  endpoints: { what: 'endpoints', less: 'declare fewer endpoints with devices' },
  v4: { what: 'ranges of IPv4 addresses', less: 'summarise prefixes' },
  v6: { what: 'prefixes of IPv6', less: 'summarise prefixes' },
  peers: {
    what: 'pairs of a set of policies and a kind of peer',
    less: 'let policies select by fewer different labels and blocks',
  },
  sets: { what: 'combinations of policies', less: 'let policies select the same endpoints' },
  ports: { what: 'ranges of ports', less: 'use fewer different ports' },
  verdicts: { what: 'decisions', less: 'use fewer rules' },
  rules: { what: 'rules', less: 'use fewer rules' },
  counters: { what: 'counters of rules', less: 'use fewer rules' },
};

/**
 * What does not fit: then nothing is loaded. @param sizes What is needed; of arrays with what rests for a while.
 */
export function capacityErrors(sizes: PolicySizes, capacity: PolicyCapacity): readonly PolicyProblem[] {
  const found: PolicyProblem[] = [];
  for (const name of Object.keys(NAMES) as (keyof PolicySizes)[]) {
    const [needed, most] = [sizes[name], capacity[name]];
    if (needed <= most) continue;
    const { what, less } = NAMES[name];
    found.push({
      severity: 'error',
      code: 'POLICY_CAPACITY',
      class: 'policy',
      key: '',
      message: `the policies need ${needed} ${what}, and there is room for ${most}: ${less}, or raise policy.capacity.${name} in the agent's configuration`,
    });
  }
  return found;
}

/** A decision that depends on more combinations of TCP flags than the datapath looks at. */
export function overlongError(): PolicyProblem {
  return {
    severity: 'error',
    code: 'POLICY_FLAGS',
    class: 'policy',
    key: '',
    message:
      'rules for one port ask for more than 7 combinations of TCP flags: use fewer rules with tcpFlags for it',
  };
}
