// SPDX-License-Identifier: Apache-2.0
import { wireOf } from '../../../base/wire.ts';
import { payloadOf } from '../../../codec/encoder.ts';
import {
  decodeLinkAttrs,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFINFOMSG_SIZE,
  RTEXT_FILTER_SKIP_STATS,
  RTM_GETLINK,
} from '../../../codec/generated/rt-link.ts';
import { type NamespaceIo, NETLINK } from '../../ports.ts';

/** Ids of the XDP programs of a device: one for each mode that has one. @throws {KernelError} ENODEV. */
export async function xdpPrograms(io: NamespaceIo, ifindex: number): Promise<readonly number[]> {
  const transport = await io.netlink(NETLINK.ROUTE);
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, { ifiIndex: ifindex });
    encodeLinkAttrs(out, { extMask: RTEXT_FILTER_SKIP_STATS });
  });
  const operation = `XDP programs of device ${ifindex}`;
  const [reply] = await transport.request({ type: RTM_GETLINK, payload, operation });
  if (reply === undefined) return [];
  const { xdp } = decodeLinkAttrs(wireOf(reply.payload), IFINFOMSG_SIZE, reply.payload.length);
  const ids = [xdp?.drvProgId, xdp?.skbProgId, xdp?.hwProgId, xdp?.progId];
  return [...new Set(ids.filter((id): id is number => id !== undefined && id !== 0))];
}
