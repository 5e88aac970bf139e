// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import { encodeTcamsg, encodeTcaRootAttrs, RTM_NEWACTION } from '../../codec/generated/tc.ts';

const ENOENT = 2;

/**
 * The request for a new action that every kernel refuses: ENOENT when it does not know the kind, which it looks up
 * first, and otherwise EINVAL because the action has no settings (net/sched/act_api.c tcf_action_init()).
 */
export function actionProbe(kind: string) {
  return {
    type: RTM_NEWACTION,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    operation: `asking for action ${kind}`,
    lacking: ENOENT,
    payload: payloadOf((out) => {
      encodeTcamsg(out, {});
      encodeTcaRootAttrs(out, { tab: [{ kind }] });
    }),
  };
}
