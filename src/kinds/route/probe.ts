// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../codec/generated/netlink.ts';
import { encodeRouteAttrs, encodeRtmsg, RTM_NEWROUTE } from '../../codec/generated/rt-route.ts';
import { AF_INET } from '../../model/names/families.ts';
import { encapTypeNumber } from './encap.ts';

/** No device has it. */
const NO_DEVICE = 0x7fff_ffff;
const EINVAL = 22;
const RT_TABLE_MAIN = 254;
const RTN_UNICAST = 1;

/**
 * The request for a route into a tunnel that every kernel refuses: EOPNOTSUPP when it was built without the kind of
 * tunnel, EINVAL when it is older than that, and otherwise ENODEV, because it looks for the device later
 * (net/core/lwtunnel.c lwtunnel_valid_encap_type(), net/ipv4/fib_semantics.c fib_check_nh()).
 */
export function encapProbe(type: string) {
  return {
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    lacking: EINVAL,
    operation: `asking for tunnels ${type} of routes`,
    payload: payloadOf((out) => {
      encodeRtmsg(out, { rtmFamily: AF_INET, rtmDstLen: 32, rtmTable: RT_TABLE_MAIN, rtmType: RTN_UNICAST });
      encodeRouteAttrs(out, {
        rtaDst: new Uint8Array(4),
        rtaOif: NO_DEVICE,
        rtaEncapType: encapTypeNumber(type),
      });
    }),
  };
}
