// SPDX-License-Identifier: Apache-2.0

import { payloadOf } from '../codec/encoder.ts';
import { encodeNhmsg, RTM_GETNEXTHOP } from '../codec/generated/nexthop.ts';
import { encodeIfaddrmsg, RTM_GETADDR } from '../codec/generated/rt-addr.ts';
import {
  encodeIfinfomsg,
  encodeLinkAttrs,
  RTEXT_FILTER_SKIP_STATS,
  RTM_GETLINK,
} from '../codec/generated/rt-link.ts';
import { encodeNdmsg, NTF_PROXY, RTM_GETNEIGH } from '../codec/generated/rt-neigh.ts';
import { encodeRouteAttrs, encodeRtmsg, RTM_GETROUTE } from '../codec/generated/rt-route.ts';
import { encodeFibRuleHdr, RTM_GETRULE } from '../codec/generated/rt-rule.ts';
import { encodeTcmsg, RTM_GETQDISC, RTM_GETTCLASS, RTM_GETTFILTER } from '../codec/generated/tc.ts';
import type { NetlinkRequest } from '../kernel/ports.ts';

/** All links, without statistics: these come from RTM_GETSTATS at a tenth of the cost. */
export function linkDump(): NetlinkRequest {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, {});
    encodeLinkAttrs(out, { extMask: RTEXT_FILTER_SKIP_STATS });
  });
  return { type: RTM_GETLINK, payload, operation: 'RTM_GETLINK dump' };
}

/** All addresses of both families. */
export function addressDump(): NetlinkRequest {
  return {
    type: RTM_GETADDR,
    payload: payloadOf((out) => encodeIfaddrmsg(out, {})),
    operation: 'RTM_GETADDR dump',
  };
}

/** All routes of a family, or those of one table. */
export function routeDump(family: number, table: number | undefined): NetlinkRequest {
  const payload = payloadOf((out) => {
    encodeRtmsg(out, { rtmFamily: family });
    if (table !== undefined) encodeRouteAttrs(out, { rtaTable: table });
  });
  return { type: RTM_GETROUTE, payload, operation: `RTM_GETROUTE dump table ${table ?? 'all'}` };
}

/** All rules of a family. */
export function ruleDump(family: number): NetlinkRequest {
  return {
    type: RTM_GETRULE,
    payload: payloadOf((out) => encodeFibRuleHdr(out, { family })),
    operation: 'RTM_GETRULE dump',
  };
}

/** All neighbours of both families, or the proxy entries. */
export function neighbourDump(proxy: boolean): NetlinkRequest {
  const payload = payloadOf((out) => encodeNdmsg(out, proxy ? { ndmFlags: NTF_PROXY } : {}));
  return { type: RTM_GETNEIGH, payload, operation: 'RTM_GETNEIGH dump' };
}

/** All nexthop objects. */
export function nexthopDump(): NetlinkRequest {
  return {
    type: RTM_GETNEXTHOP,
    payload: payloadOf((out) => encodeNhmsg(out, {})),
    operation: 'RTM_GETNEXTHOP dump',
  };
}

/** All qdiscs of all devices. */
export function qdiscDump(): NetlinkRequest {
  return {
    type: RTM_GETQDISC,
    payload: payloadOf((out) => encodeTcmsg(out, {})),
    operation: 'RTM_GETQDISC dump',
  };
}

/** All classes of one device. */
export function classDump(ifindex: number): NetlinkRequest {
  const payload = payloadOf((out) => encodeTcmsg(out, { tcmIfindex: ifindex }));
  return { type: RTM_GETTCLASS, payload, operation: `RTM_GETTCLASS dump ifindex ${ifindex}` };
}

/** All filters of a qdisc, or of a place of it. */
export function filterDump(ifindex: number, parent: number): NetlinkRequest {
  const payload = payloadOf((out) => encodeTcmsg(out, { tcmIfindex: ifindex, tcmParent: parent }));
  return { type: RTM_GETTFILTER, payload, operation: `RTM_GETTFILTER dump ifindex ${ifindex}` };
}
