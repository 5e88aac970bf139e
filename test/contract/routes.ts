// SPDX-License-Identifier: Apache-2.0
// What the transport contract is exercised with: blackhole routes, which need no device.

import { hex } from '../../src/base/bytes.ts';
import { ERRNO } from '../../src/base/errno.gen.ts';
import type { Wire } from '../../src/base/wire.ts';
import { Encoder } from '../../src/codec/encoder.ts';
import {
  decodeRouteAttrs,
  decodeRtmsg,
  encodeRouteAttrs,
  encodeRtmsg,
  RT_TABLE_MAIN,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTMSG_SIZE,
  RTN_BLACKHOLE,
  RTNLGRP_IPV4_ROUTE,
} from '../../src/codec/generated/rt-route.ts';
import { FakeNetlink } from '../../src/kernel/fake/netlink.ts';
import { type MessageBatch, NETLINK, type NetlinkRequest } from '../../src/kernel/ports.ts';

const AF_INET = 2;
const PROTOCOL = 99;
const NLM_F_ECHO = 8;
const NLM_F_CREATE_EXCL = 0x600;

/** Multicast group of the events of these routes. */
export const ROUTE_GROUP: number = RTNLGRP_IPV4_ROUTE;

function writeRoute(out: Encoder, index: number): void {
  encodeRtmsg(out, {
    rtmFamily: AF_INET,
    rtmDstLen: 32,
    rtmTable: RT_TABLE_MAIN,
    rtmProtocol: PROTOCOL,
    rtmType: RTN_BLACKHOLE,
  });
  encodeRouteAttrs(out, { rtaDst: Uint8Array.of(16, index >> 16, (index >> 8) & 255, index & 255) });
}

/** Add the route number `index`; with `echo` the kernel sends it back before the acknowledgement. */
export function addRoute(index: number, echo = false): NetlinkRequest {
  const out = new Encoder();
  writeRoute(out, index);
  const flags = NLM_F_CREATE_EXCL | (echo ? NLM_F_ECHO : 0);
  return { type: RTM_NEWROUTE, flags, payload: out.payload(), operation: `RTM_NEWROUTE ${index}` };
}

export function deleteRoute(index: number): NetlinkRequest {
  const out = new Encoder();
  writeRoute(out, index);
  return { type: RTM_DELROUTE, payload: out.payload(), operation: `RTM_DELROUTE ${index}` };
}

/** A batch that adds these routes. */
export function addRoutes(indexes: readonly number[]): MessageBatch {
  const out = new Encoder();
  for (const index of indexes) {
    const mark = out.messageBegin(RTM_NEWROUTE, NLM_F_CREATE_EXCL);
    writeRoute(out, index);
    out.messageEnd(mark);
  }
  return out.batch();
}

/** Dump all IPv4 routes. */
export function dumpRoutes(): NetlinkRequest {
  const out = new Encoder();
  encodeRtmsg(out, { rtmFamily: AF_INET });
  return { type: RTM_GETROUTE, payload: out.payload(), operation: 'RTM_GETROUTE dump' };
}

const RTM_NEWNEXTHOP = 104;
const RTM_GETNEXTHOP = 106;
const NHMSG_SIZE = 8;
const NHA = { ID: 1, BLACKHOLE: 4 } as const;

/** A batch that adds blackhole nexthops 1 to `count`. */
export function addNexthops(count: number): MessageBatch {
  const out = new Encoder();
  for (let id = 1; id <= count; id++) {
    const mark = out.messageBegin(RTM_NEWNEXTHOP, NLM_F_CREATE_EXCL);
    const family = out.reserve(NHMSG_SIZE);
    out.bytes[family] = AF_INET;
    out.attrU32(NHA.ID, id);
    out.attrFlag(NHA.BLACKHOLE);
    out.messageEnd(mark);
  }
  return out.batch();
}

/** Dump all nexthops. */
export function dumpNexthops(): NetlinkRequest {
  return { type: RTM_GETNEXTHOP, payload: new Uint8Array(NHMSG_SIZE), operation: 'RTM_GETNEXTHOP dump' };
}

/** Number of the route in a message, or undefined for one that is not of these. */
export function routeIndex(wire: Wire, start: number, end: number): number | undefined {
  if (decodeRtmsg(wire, start, end).rtmProtocol !== PROTOCOL) return undefined;
  const [, a = 0, b = 0, c = 0] = decodeRouteAttrs(wire, start + RTMSG_SIZE, end).rtaDst ?? [];
  return (a << 16) | (b << 8) | c;
}

/** A fake kernel with a table of these routes that behaves like the real one. */
export function fakeRoutes(): FakeNetlink {
  const table = new Map<string, Uint8Array>();
  const fake = new FakeNetlink(NETLINK.ROUTE, ({ kind, type, flags, payload }) => {
    const key = hex(payload);
    if (kind === 'dump')
      return { messages: [...table.values()].map((route) => ({ type: RTM_NEWROUTE, payload: route })) };
    if (type === RTM_NEWROUTE && table.has(key)) return { errno: ERRNO.EEXIST };
    if (type === RTM_DELROUTE && !table.has(key)) return { errno: ERRNO.ESRCH };
    if (payload[1] !== 32) return { errno: ERRNO.EINVAL, extack: { message: 'Invalid prefix length' } };
    if (type === RTM_NEWROUTE) table.set(key, payload);
    else table.delete(key);
    fake.emit(ROUTE_GROUP, { type, payload });
    return { messages: (flags & NLM_F_ECHO) !== 0 ? [{ type, payload }] : [] };
  });
  return fake;
}
