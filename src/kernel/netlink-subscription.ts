// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import type { Wire } from '../base/wire.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { aligned, NLMSG_HDRLEN } from './nlmsg.ts';
import type { NetlinkProtocol, SubscriptionHandlers } from './ports.ts';

/**
 * A socket that receives the events of multicast groups until it is closed.
 * @throws {KernelError} e.g. EINVAL for a group that the protocol does not have.
 */
export function openSubscription(
  netns: NetnsFd,
  protocol: NetlinkProtocol,
  groups: readonly number[],
  handlers: SubscriptionHandlers,
  receiveBuffer?: number,
): NetlinkSocket {
  return new NetlinkSocket(
    netns,
    protocol,
    {
      datagram: (wire, start, end) => deliver(handlers, wire, start, end),
      // an event that did not fit is lost like one that found no room
      truncated: () => handlers.overrun(),
      overrun: () => handlers.overrun(),
      idle: () => handlers.batchEnd?.(),
      failed: (error) => handlers.failed?.(error),
    },
    groups,
    receiveBuffer,
  );
}

function deliver(handlers: SubscriptionHandlers, wire: Wire, start: number, end: number): void {
  const { view } = wire;
  for (let at = start; at + NLMSG_HDRLEN <= end; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > end) return;
    const type = view.getUint16(at + 4, true);
    const flags = view.getUint16(at + 6, true);
    handlers.message(wire, at + NLMSG_HDRLEN, at + length, type, flags);
    at += aligned(length);
  }
}
