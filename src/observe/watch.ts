// SPDX-License-Identifier: Apache-2.0
import { RTM_DELNEXTHOP, RTM_NEWNEXTHOP, RTNLGRP_NEXTHOP } from '../codec/generated/nexthop.ts';
import { RTM_DELNEIGH, RTM_NEWNEIGH, RTNLGRP_NEIGH } from '../codec/generated/rt-neigh.ts';
import {
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_ROUTE,
} from '../codec/generated/rt-route.ts';
import {
  RTM_DELRULE,
  RTM_NEWRULE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_RULE,
} from '../codec/generated/rt-rule.ts';
import { type MessageSink, type NamespaceIo, NETLINK, type Subscription } from '../kernel/ports.ts';
import type { Change, ChangeKind, ChangeObjects } from '../model/change.ts';
import type { DeviceNames } from './project/device-names.ts';
import { projectNeighbour } from './project/neighbour.ts';
import { projectNexthop } from './project/nexthop.ts';
import { projectRoute } from './project/route.ts';
import { projectRule } from './project/rule.ts';

/** Kinds that nothing keeps a copy of: their events are read only while somebody listens. */
export type StreamedKind = Exclude<ChangeKind, 'link' | 'address'>;

interface Stream<K extends StreamedKind> {
  readonly groups: readonly number[];
  readonly created: number;
  readonly deleted: number;
  readonly project: (message: Parameters<MessageSink>, names: DeviceNames) => ChangeObjects[K] | undefined;
}

const STREAMS: { readonly [K in StreamedKind]: Stream<K> } = {
  route: {
    groups: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE],
    created: RTM_NEWROUTE,
    deleted: RTM_DELROUTE,
    project: ([wire, start, end], names) => projectRoute(wire, start, end, names),
  },
  rule: {
    groups: [RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
    created: RTM_NEWRULE,
    deleted: RTM_DELRULE,
    project: ([wire, start, end]) => projectRule(wire, start, end),
  },
  neighbour: {
    groups: [RTNLGRP_NEIGH],
    created: RTM_NEWNEIGH,
    deleted: RTM_DELNEIGH,
    project: ([wire, start, end], names) => projectNeighbour(wire, start, end, names),
  },
  nexthop: {
    groups: [RTNLGRP_NEXTHOP],
    created: RTM_NEWNEXTHOP,
    deleted: RTM_DELNEXTHOP,
    project: ([wire, start, end], names) => projectNexthop(wire, start, end, names),
  },
};

export interface WatchOptions {
  /** Names of devices, from the namespace's snapshot. */
  readonly names: (ifindex: number) => string | undefined;
  /** The event socket failed for good: no more changes come. */
  readonly failed?: (error: Error) => void;
  /** Bytes of the event socket's receive buffer, for tests that want it to overrun. */
  readonly receiveBuffer?: number;
}

/**
 * Follow changes of routes, rules, neighbours and nexthops until the subscription is closed. What was lost
 * to an overrun is reported as a `lost` change; the listener must not throw.
 *
 * @throws {WeirError} when the kernel refuses the subscription.
 */
export async function watchChanges(
  io: NamespaceIo,
  kinds: readonly StreamedKind[],
  listener: (change: Change) => void,
  options: WatchOptions,
): Promise<Subscription> {
  const netns = io.netns.name;
  const names: DeviceNames = (ifindex) => options.names(ifindex) ?? `if${ifindex}`;
  const transport = await io.netlink(NETLINK.ROUTE);
  const message: MessageSink = (...raw) => {
    const change = changeOf(raw, kinds, names, { netns, time: Date.now() });
    if (change !== undefined) listener(change);
  };
  const { failed, receiveBuffer } = options;
  return transport.subscribe(
    kinds.flatMap((kind) => STREAMS[kind].groups),
    {
      message,
      overrun: () => listener({ kind: 'lost', netns, time: Date.now(), kinds }),
      ...(failed === undefined ? {} : { failed }),
    },
    receiveBuffer === undefined ? {} : { receiveBuffer },
  );
}

function changeOf(
  message: Parameters<MessageSink>,
  kinds: readonly StreamedKind[],
  names: DeviceNames,
  stamp: { readonly netns: string; readonly time: number },
): Change | undefined {
  const type = message[3];
  const kind = kinds.find((kind) => STREAMS[kind].created === type || STREAMS[kind].deleted === type);
  if (kind === undefined) return undefined;
  const object = STREAMS[kind].project(message, names);
  if (object === undefined) return undefined;
  return { kind, action: type === STREAMS[kind].created ? 'new' : 'del', ...stamp, object } as Change;
}
