// SPDX-License-Identifier: Apache-2.0
import { payloadOf } from '../codec/encoder.ts';
import {
  decodeIfinfomsg,
  decodeLinkAttrs,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFF_UP,
  IFINFOMSG_SIZE,
  LINK_ATTRS,
  RTM_GETLINK,
} from '../codec/generated/rt-link.ts';
import { pickOf } from '../codec/table.ts';
import { type NamespaceIo, NETLINK } from '../kernel/ports.ts';

/** What a lab wants to know of a device. */
export interface LabLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly up: boolean;
  /** In words, as ip writes it. */
  readonly operstate: string;
  readonly master?: number;
}

/** IF_OPER_* (include/uapi/linux/if.h). */
const OPERSTATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP'];
const PICK = pickOf(LINK_ATTRS, ['ifname', 'operstate', 'master']);
/** Counters are not asked for (include/uapi/linux/rtnetlink.h). */
const RTEXT_FILTER_SKIP_STATS = 8;

/** The devices of a namespace by name. */
export async function readLinks(netns: NamespaceIo): Promise<ReadonlyMap<string, LabLink>> {
  const links = new Map<string, LabLink>();
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, {});
    encodeLinkAttrs(out, { extMask: RTEXT_FILTER_SKIP_STATS });
  });
  const transport = await netns.netlink(NETLINK.ROUTE);
  await transport.dump(
    { type: RTM_GETLINK, payload, operation: 'RTM_GETLINK dump' },
    (wire, start, end) => {
      const { ifiIndex, ifiFlags } = decodeIfinfomsg(wire, start, end);
      const { ifname = '', operstate = 0, master } = decodeLinkAttrs(wire, start + IFINFOMSG_SIZE, end, PICK);
      links.set(ifname, {
        ifindex: ifiIndex,
        ifname,
        up: (ifiFlags & IFF_UP) !== 0,
        operstate: OPERSTATES[operstate] ?? String(operstate),
        ...(master !== undefined && { master }),
      });
    },
    { restart: () => links.clear() },
  );
  return links;
}
