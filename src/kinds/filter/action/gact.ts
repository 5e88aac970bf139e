// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { ActionKind } from './kind.ts';
import { Verdict } from './verdict.ts';

/** A verdict and nothing else (net/sched/act_gact.c tcf_gact_init()). */
export const gact: ActionKind = {
  kind: 'gact',
  config: 'CONFIG_NET_ACT_GACT',
  schema: Type.Object(
    { verdict: Verdict('What becomes of the packet') },
    { additionalProperties: false, description: 'A verdict' },
  ),
  attributes: (_settings, action) => ({ parms: { action } }),
  reads: ['tm', 'parms'],
  observed: () => ({}),
};
