// SPDX-License-Identifier: Apache-2.0
// The netlink requests that build a lab, each as plain data.
import type { NetnsFd } from '../base/brand.ts';
import { parseIp, parsePrefix } from '../base/ip.ts';
import { payloadOf } from '../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../codec/generated/netlink.ts';
import {
  encodeAddrAttrs,
  encodeIfaddrmsg,
  IFA_F_NODAD,
  RT_SCOPE_HOST,
  RT_SCOPE_UNIVERSE,
  RTM_NEWADDR,
} from '../codec/generated/rt-addr.ts';
import {
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFF_UP,
  type LinkAttrs,
  RTM_DELLINK,
  RTM_NEWLINK,
} from '../codec/generated/rt-link.ts';
import {
  encodeRouteAttrs,
  encodeRtmsg,
  RTM_NEWROUTE,
  RTN_UNICAST,
  RTPROT_STATIC,
} from '../codec/generated/rt-route.ts';
import type { NetlinkRequest } from '../kernel/ports.ts';
import type { Cable } from './topology.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const RT_TABLE_MAIN = 254;
/** Refused with EEXIST when the object is there: a second `up` changes nothing. */
const NEW = NLM_F_CREATE | NLM_F_EXCL;

/** Both ends of a cable at once, the second straight into the namespace `peer`. */
export function newCable([near, far]: Cable, peer: NetnsFd): NetlinkRequest {
  const peerEnd = { header: EMPTY_HEADER, ifname: far.ifname, netNsFd: peer };
  const attrs: LinkAttrs = {
    ifname: near.ifname,
    linkinfo: { kind: 'veth', data: { kind: 'veth', peer: peerEnd } },
  };
  return newLink(attrs, `dev ${near.ifname} kind veth peer ${far.ifname}`);
}

const EMPTY_HEADER = { ifiFamily: 0, ifiType: 0, ifiIndex: 0, ifiFlags: 0, ifiChange: 0 };

/** A bridge. */
export function newBridge(ifname: string): NetlinkRequest {
  return newLink({ ifname, linkinfo: { kind: 'bridge' } }, `dev ${ifname} kind bridge`);
}

function newLink(attrs: LinkAttrs, words: string): NetlinkRequest {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, {});
    encodeLinkAttrs(out, attrs);
  });
  return { type: RTM_NEWLINK, flags: NEW, payload, operation: `RTM_NEWLINK ${words}` };
}

/** Set a device up, as a port of `master` if one is given. */
export function enableLink(ifindex: number, master?: number): NetlinkRequest {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, { ifiIndex: ifindex, ifiFlags: IFF_UP, ifiChange: IFF_UP });
    if (master !== undefined) encodeLinkAttrs(out, { master });
  });
  return { type: RTM_NEWLINK, payload, operation: `RTM_NEWLINK ifindex ${ifindex} up` };
}

/** Delete a device by name; a cable goes with both its ends. */
export function deleteLink(ifname: string): NetlinkRequest {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, {});
    encodeLinkAttrs(out, { ifname });
  });
  return { type: RTM_DELLINK, payload, operation: `RTM_DELLINK dev ${ifname}` };
}

/**
 * An address with its prefix length. Duplicate address detection is off: nobody else is on these networks, and an
 * address that is still tentative would make the first packets fail.
 */
export function newAddress(ifindex: number, ifname: string, prefix: string): NetlinkRequest {
  const { address, prefixlen } = parsePrefix(prefix);
  const payload = payloadOf((out) => {
    encodeIfaddrmsg(out, {
      ifaFamily: familyOf(address),
      ifaPrefixlen: prefixlen,
      ifaScope: ifname === 'lo' && address.length === 4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
      ifaIndex: ifindex,
    });
    encodeAddrAttrs(out, { ifaLocal: address, ifaAddress: address, ifaFlags: IFA_F_NODAD });
  });
  return { type: RTM_NEWADDR, flags: NEW, payload, operation: `RTM_NEWADDR ${prefix} dev ${ifname}` };
}

/** A route of the main table; without `to` the default route. */
export function newRoute(via: string, to?: string): NetlinkRequest {
  const gateway = parseIp(via);
  const target = to === undefined ? undefined : parsePrefix(to);
  const payload = payloadOf((out) => {
    encodeRtmsg(out, {
      rtmFamily: familyOf(gateway),
      rtmDstLen: target?.prefixlen ?? 0,
      rtmTable: RT_TABLE_MAIN,
      rtmProtocol: RTPROT_STATIC,
      rtmType: RTN_UNICAST,
    });
    encodeRouteAttrs(out, { ...(target && { rtaDst: target.address }), rtaGateway: gateway });
  });
  return { type: RTM_NEWROUTE, flags: NEW, payload, operation: `RTM_NEWROUTE ${to ?? 'default'} via ${via}` };
}

function familyOf(address: Uint8Array): number {
  return address.length === 4 ? AF_INET : AF_INET6;
}
