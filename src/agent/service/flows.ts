// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { FlowsService } from '../../api/flows-service.ts';
import type { FlowItem, FlowQuery } from '../../api/schemas/flows.ts';
import type { Clock } from '../../base/clock.ts';
import { IP_PROTOCOLS } from '../../model/names/ip-protocols.ts';
import type { NamespaceSet, ObservedNamespace } from '../../observe/namespace-set.ts';
import { type FlowCounts, readFlows } from '../../observe/telemetry/flows.ts';
import type { TelemetryMaps } from '../../observe/telemetry/telemetry.ts';
import { requireNamespace, requireThisNode } from './service.ts';

/** What the use case stands on. */
export interface FlowsParts {
  readonly telemetry: TelemetryMaps;
  readonly namespaces: NamespaceSet;
  readonly clock: Clock;
}

/** Who talks most, on the node that the agent runs on. */
export function createFlowsService({ telemetry, namespaces, clock }: FlowsParts): FlowsService {
  return {
    async flows(target, query) {
      requireThisNode(target);
      const shown =
        query.netns === undefined ? namespaces.all() : [requireNamespace(namespaces, query.netns)];
      using _ = telemetry.watch('flows');
      const began = clock.monotonic();
      const before = new Map(readFlows(telemetry).map((flow) => [flow.id, flow]));
      await sleep(query.seconds * 1000);
      const seconds = (clock.monotonic() - began) / 1000;
      const items = readFlows(telemetry)
        .flatMap((flow) => itemOf(flow, before.get(flow.id), seconds, shown, query))
        .sort((a, b) => b.bytesPerSecond - a.bytesPerSecond);
      const timestamp = clock.now();
      return { timestamp, seconds, active: items.length, items: items.slice(0, query.limit) };
    },
  };
}

/** Nothing for a flow that had no packet meanwhile, or that nobody asked for. */
function itemOf(
  flow: FlowCounts,
  past: FlowCounts | undefined,
  seconds: number,
  shown: readonly ObservedNamespace[],
  query: FlowQuery,
): readonly FlowItem[] {
  // the kernel may have let go of it and begun anew
  const before = past !== undefined && past.packets <= flow.packets ? past : { packets: 0, bytes: 0 };
  if (flow.packets === before.packets) return [];
  const namespace = shown.find(({ inode }) => inode === flow.netns);
  const device = namespace?.snapshot.linkName(flow.ifindex);
  if (namespace === undefined || device === undefined || (query.device ?? device) !== device) return [];
  const { direction, source, sourcePort, destination, destinationPort } = flow;
  return [
    {
      netns: namespace.name,
      device,
      direction,
      protocol: IP_PROTOCOLS[flow.protocol] ?? String(flow.protocol),
      source,
      sourcePort,
      destination,
      destinationPort,
      packetsPerSecond: (flow.packets - before.packets) / seconds,
      bytesPerSecond: (flow.bytes - before.bytes) / seconds,
    },
  ];
}
