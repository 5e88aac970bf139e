// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../codec/generated/netlink.ts';
import { encodeTcAttrs, encodeTcmsg, RTM_NEWQDISC } from '../../codec/generated/tc.ts';
import { ROOT } from './handle.ts';

const LOOPBACK = 1;
const ENOENT = 2;

/**
 * The request for a new qdisc that every kernel refuses: ENOENT when it does not know the kind, which it looks up
 * first, and otherwise EINVAL for the shared block 0 (net/sched/sch_api.c qdisc_create(),
 * qdisc_block_indexes_set()). With all three flags it is about a new one whatever the device has.
 */
export function qdiscProbe(kind: string) {
  return {
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE,
    operation: `asking for qdisc ${kind}`,
    lacking: ENOENT,
    payload: payloadOf((out) => {
      encodeTcmsg(out, { tcmIfindex: LOOPBACK, tcmParent: ROOT });
      encodeTcAttrs(out, { kind, ingressBlock: 0 });
    }),
  };
}
