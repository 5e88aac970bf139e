// SPDX-License-Identifier: Apache-2.0
import { type NameTable, nameOf } from './name-table.ts';

/** Who installed a route, rule or nexthop (RTPROT_* in include/uapi/linux/rtnetlink.h). */
export const RT_PROTOS: NameTable = {
  0: 'unspec',
  1: 'redirect',
  2: 'kernel',
  3: 'boot',
  4: 'static',
  8: 'gated',
  9: 'ra',
  10: 'mrt',
  11: 'zebra',
  12: 'bird',
  13: 'dnrouted',
  14: 'xorp',
  15: 'ntk',
  16: 'dhcp',
  18: 'keepalived',
  42: 'babel',
  87: 'weir',
  99: 'openr',
  186: 'bgp',
  187: 'isis',
  188: 'ospf',
  189: 'rip',
  192: 'eigrp',
};

/** Weir's own: what it made is known by this number, also when the journal is gone. */
export const RTPROT_WEIR = 87;

/** Name of a routing protocol number, digits when unknown. */
export function rtProtoName(protocol: number): string {
  return nameOf(RT_PROTOS, protocol);
}
