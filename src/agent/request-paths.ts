// SPDX-License-Identifier: Apache-2.0
import { type Wire, wireOf } from '../base/wire.ts';
import { NEXTHOP_ATTRS, NHMSG_SIZE, RTM_NEWNEXTHOP } from '../codec/generated/nexthop.ts';
import { ADDR_ATTRS, IFADDRMSG_SIZE, RTM_NEWADDR } from '../codec/generated/rt-addr.ts';
import { IFINFOMSG_SIZE, LINK_ATTRS, RTM_NEWLINK } from '../codec/generated/rt-link.ts';
import { NDMSG_SIZE, NEIGH_ATTRS, RTM_NEWNEIGH } from '../codec/generated/rt-neigh.ts';
import { ROUTE_ATTRS, RTM_NEWROUTE, RTMSG_SIZE } from '../codec/generated/rt-route.ts';
import { RTM_NEWRULE, RULE_ATTRS } from '../codec/generated/rt-rule.ts';
import { RTM_NEWQDISC, RTM_NEWTCLASS, TC_ATTRS, TCMSG_SIZE } from '../codec/generated/tc.ts';
import { NLMSG_HDRLEN, type RequestShape, requestPathAt } from '../codec/message.ts';
import { NETLINK, type NetlinkProtocol } from '../kernel/ports.ts';

/** The kernel numbers what can be done with one kind of object NEW, DEL, GET and SET, from a multiple of four. */
const KIND_MASK = ~3;

const SHAPES: ReadonlyMap<number, RequestShape> = new Map([
  [RTM_NEWLINK, { header: IFINFOMSG_SIZE, table: LINK_ATTRS }],
  [RTM_NEWADDR, { header: IFADDRMSG_SIZE, table: ADDR_ATTRS }],
  [RTM_NEWROUTE, { header: RTMSG_SIZE, table: ROUTE_ATTRS }],
  // struct fib_rule_hdr has the size of struct rtmsg.
  [RTM_NEWRULE, { header: RTMSG_SIZE, table: RULE_ATTRS }],
  [RTM_NEWNEIGH, { header: NDMSG_SIZE, table: NEIGH_ATTRS }],
  [RTM_NEWNEXTHOP, { header: NHMSG_SIZE, table: NEXTHOP_ATTRS }],
  [RTM_NEWQDISC, { header: TCMSG_SIZE, table: TC_ATTRS }],
  [RTM_NEWTCLASS, { header: TCMSG_SIZE, table: TC_ATTRS }],
]);

/** How an extended ack of `protocol` becomes the path of an attribute; undefined where Weir sends no attributes. */
export function requestPaths(protocol: NetlinkProtocol) {
  return protocol === NETLINK.ROUTE ? routePath : undefined;
}

/** @param message The whole request, with its nlmsghdr. */
function routePath(message: Wire, offset: number): string | undefined {
  const shape = SHAPES.get(message.view.getUint16(4, true) & KIND_MASK);
  if (shape === undefined) return undefined;
  return requestPathAt(shape, wireOf(message.bytes.subarray(NLMSG_HDRLEN)), offset);
}
