// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { FamilyCache } from './family-cache.ts';
import { snakeCase } from './snake-case.ts';

const NAPI: Family = {
  name: 'weir_napi_info',
  help: 'A NAPI instance with its interrupt and its thread, empty where it has none; value is always 1.',
  type: 'gauge',
  labels: ['device', 'napi_id', 'irq', 'pid'],
};
const QUEUE: Family = {
  name: 'weir_queue_info',
  help: 'A queue of the device with the NAPI instance that serves it; value is always 1.',
  type: 'gauge',
  labels: ['device', 'type', 'queue', 'napi_id'],
};

const counters = new FamilyCache((name) => ({
  name: `weir_queue_${name}_total`,
  help: `Per-queue statistic ${name} of the netdev family.`,
  type: 'counter',
  labels: ['device', 'type', 'queue'],
}));

/** Queues and NAPI instances, from the netdev generic netlink family. */
export const queues: Collector = {
  name: 'queues',
  enabledByDefault: false,
  scope: 'netns',
  families: [NAPI, QUEUE],
  openFamilies: [counters.get('<statistic>')],
  collect: collectQueues,
};

async function collectQueues(source: Source, out: Exposition): Promise<void> {
  const found = await source.queues();
  for (const { device, id, irq, pid } of found.napis)
    out.family(NAPI).add([device, String(id), String(irq ?? ''), String(pid ?? '')], 1);
  for (const { device, type, id, napiId, stats } of found.queues) {
    out.family(QUEUE).add([device, type, String(id), String(napiId ?? '')], 1);
    for (const [name, value] of stats)
      out.family(counters.get(statistic(type, name))).add([device, type, String(id)], Number(value));
    await out.breathe();
  }
}

/** `rxHwDrops` of a receive queue is `hw_drops`: the label has the direction. */
function statistic(type: string, name: string): string {
  const words = snakeCase(name);
  return words.startsWith(`${type}_`) ? words.slice(type.length + 1) : words;
}
