// SPDX-License-Identifier: Apache-2.0
import type { ExplainReport } from '../../api/schemas/policies.ts';

type Explained = NonNullable<ExplainReport['packets']>[number];

/**
 * Who decides about a packet, as a comment in a capture file: as if it began something new, since what it belongs to is not
 * known any more. Undefined where no endpoint of the node is concerned.
 */
export function policyComment({ judgements = [] }: Explained): string | undefined {
  if (judgements.length === 0) return undefined;
  const parts = judgements.map((one) => {
    const audit = one.audit === undefined ? '' : ` (in audit mode: ${decision(one.audit)})`;
    return `${one.direction} of ${one.endpoint}: ${decision(one)}${audit}`;
  });
  return `policy for something new: ${parts.join('; ')}`;
}

interface Decision {
  readonly verdict: string;
  readonly policy?: string;
  readonly rule?: string;
  readonly reason: string;
}

function decision({ verdict, policy, rule, reason }: Decision): string {
  return policy === undefined ? `${verdict}: ${reason}` : `${verdict} by ${policy} rule ${rule}`;
}
