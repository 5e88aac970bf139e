// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import type { Wire } from '../base/wire.ts';
import { NLMSG_HDRLEN } from '../codec/message.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { forEachMessage, NLMSGHDR } from './nlmsg.ts';
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
  forEachMessage(wire, start, end, (at, next) => {
    const type = view.getUint16(at + NLMSGHDR.type, true);
    const flags = view.getUint16(at + NLMSGHDR.flags, true);
    handlers.message(wire, at + NLMSG_HDRLEN, next, type, flags);
  });
}
