// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import { encodeIfinfomsg, encodeLinkAttrs, RTM_NEWLINK } from '../../codec/generated/rt-link.ts';

/** More than the kernel allows (net/core/rtnetlink.c rtnl_create_link()). */
const TOO_MANY_QUEUES = 4097;

/**
 * The request for a new link that every kernel refuses: EOPNOTSUPP when it does not know the kind, which it looks up
 * first, and otherwise EINVAL for the number of queues.
 *
 * @returns undefined for `tun`, which answers EOPNOTSUPP in any case: its devices are not made by netlink.
 */
export function linkKindProbe(kind: string) {
  if (kind === 'tun') return undefined;
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    operation: `asking for link ${kind}`,
    payload: payloadOf((out) => {
      encodeIfinfomsg(out, {});
      encodeLinkAttrs(out, { numTxQueues: TOO_MANY_QUEUES, linkinfo: { kind } });
    }),
  };
}

const EINVAL = 22;

/**
 * The same for VLAN filtering of bridges: a kernel that has it looks at the tag protocol first and refuses this one with
 * EPROTONOSUPPORT (net/bridge/br_netlink.c br_validate()); another one comes to the number of queues.
 */
export function vlanFilteringProbe() {
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    operation: 'asking for VLAN filtering of bridges',
    lacking: EINVAL,
    payload: payloadOf((out) => {
      encodeIfinfomsg(out, {});
      encodeLinkAttrs(out, {
        numTxQueues: TOO_MANY_QUEUES,
        linkinfo: { kind: 'bridge', data: { kind: 'bridge', vlanProtocol: 1 } },
      });
    }),
  };
}
