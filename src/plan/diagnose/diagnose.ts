// SPDX-License-Identifier: Apache-2.0
import type { Action, Diagnostic, PlanInput } from '../plan.ts';
import { defaultRoute } from './default-route.ts';
import { down } from './down.ts';
import { fixed } from './fixed.ts';
import { gateway } from './gateway.ts';
import { missing } from './missing.ts';
import { mtu } from './mtu.ts';
import { outage } from './outage.ts';
import { Outlook } from './outlook.ts';
import { overlap } from './overlap.ts';
import { ownPath } from './own-path.ts';
import { redirectLoop } from './redirect-loop.ts';
import { unsupported } from './unsupported.ts';
import { xdpFallback } from './xdp-fallback.ts';

const CHECKS: readonly ((outlook: Outlook) => Iterable<Diagnostic>)[] = [
  unsupported,
  missing,
  fixed,
  down,
  redirectLoop,
  ownPath,
  outage,
  defaultRoute,
  gateway,
  overlap,
  mtu,
  xdpFallback,
];

/** All that a person should know about the plan, errors first. */
export function diagnose(input: PlanInput, actions: readonly Action[]): readonly Diagnostic[] {
  const outlook = new Outlook(input, actions);
  const found = CHECKS.flatMap((check) => [...check(outlook)]);
  const rank = ({ severity }: Diagnostic) => ['error', 'warning', 'note'].indexOf(severity);
  return found.sort((a, b) => rank(a) - rank(b));
}
