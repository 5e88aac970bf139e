// SPDX-License-Identifier: Apache-2.0
// What sysfs lets be set for each queue of a device (net/core/net-sysfs.c). In what is observed a setting is one value
// for each queue, by its number; in a document it may also be one value for all.
import { Type } from 'typebox';
import type { Spec } from '../../model/object.ts';

/** Values by the number of the queue. */
type PerQueue = Readonly<Record<string, string | number>>;

/** A file that every queue of a direction has. */
export interface QueueSetting {
  readonly name: string;
  readonly direction: 'rx' | 'tx';
  canonical(value: string | number): string | number;
}

/** In the order in which they are written. */
export const QUEUE_SETTINGS: readonly QueueSetting[] = [
  { name: 'rps_cpus', direction: 'rx', canonical: (value) => canonicalMask(String(value)) },
  { name: 'rps_flow_cnt', direction: 'rx', canonical: (value) => powerOfTwo(Number(value)) },
  { name: 'xps_cpus', direction: 'tx', canonical: (value) => canonicalMask(String(value)) },
];

const mask = Type.String({
  pattern: '^(?:0x)?[0-9a-fA-F]{1,8}(?:,[0-9a-fA-F]{1,8})*$',
  description: 'CPUs as a hexadecimal mask in quotes: "f" is the first four',
});
const flows = Type.Integer({ description: 'Entries, a power of two', minimum: 0, maximum: 0x2000_0000 });
const eachOf = <T extends typeof mask | typeof flows>(value: T, description: string) =>
  Type.Optional(
    Type.Union(
      [
        value,
        Type.Record(Type.String({ pattern: '^(?:0|[1-9][0-9]{0,4})$' }), value, {
          additionalProperties: false,
        }),
      ],
      {
        description,
      },
    ),
  );

/** The field `queues` of an item. */
export const QueuesField = Type.Object(
  {
    rps_cpus: eachOf(
      mask,
      'CPUs that handle what a receive queue gets: one mask for all queues, or by queue',
    ),
    rps_flow_cnt: eachOf(flows, 'Flows that a receive queue steers: one number for all queues, or by queue'),
    xps_cpus: eachOf(mask, 'CPUs that send through a queue: one mask for all queues, or by queue'),
  },
  { additionalProperties: false, description: 'Which CPUs do the work of the queues' },
);

/** The settings of `queues` as the kernel shows them. */
export function canonicalQueues(queues: Spec): Spec {
  const out: Record<string, unknown> = {};
  for (const { name, canonical } of QUEUE_SETTINGS) {
    const value = queues[name] as PerQueue | string | number | undefined;
    if (value === undefined) continue;
    out[name] =
      typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([queue, one]) => [queue, canonical(one)]))
        : canonical(value);
  }
  return out;
}

/** True when all queues have the value that a document gives for all. */
export function queuesAgree(declared: unknown, observed: unknown): boolean {
  if (typeof observed !== 'object' || observed === null || typeof declared === 'object') return false;
  return Object.values(observed).every((value) => value === declared);
}

/** The file of a setting below `class/net/DEVICE`. */
export function queueFile({ name, direction }: QueueSetting, queue: string): string {
  return `queues/${direction}-${queue}/${name}`;
}

/** What has to be written to make `before` be `after`: pairs of file and text. */
export function queueWrites(before: Spec, after: Spec): readonly (readonly [file: string, text: string])[] {
  const had = (before['queues'] ?? {}) as Spec;
  const wanted = (after['queues'] ?? {}) as Spec;
  return QUEUE_SETTINGS.flatMap((setting) => {
    const value = wanted[setting.name] as PerQueue | string | number | undefined;
    if (value === undefined) return [];
    const old = (had[setting.name] ?? {}) as PerQueue;
    const count = countOf(setting.direction, before, after);
    const queues = Array.from({ length: count ?? Math.max(1, Object.keys(old).length) }, (_, i) => String(i));
    const each =
      typeof value === 'object' ? Object.entries(value) : queues.map((queue) => [queue, value] as const);
    const there = each.filter(
      ([queue, one]) => old[queue] !== one && (count === undefined || Number(queue) < count),
    );
    return there.map(([queue, one]) => [queueFile(setting, queue), `${one}\n`] as const);
  });
}

/** Number of queues once the channels are set; undefined where they stay as they are. */
function countOf(direction: 'rx' | 'tx', before: Spec, after: Spec): number | undefined {
  const had = (before['channels'] ?? {}) as Readonly<Record<string, number>>;
  const has = (after['channels'] ?? {}) as Readonly<Record<string, number>>;
  if (had[direction] === has[direction] && had['combined'] === has['combined']) return undefined;
  return (has[direction] ?? 0) + (has['combined'] ?? 0);
}

function canonicalMask(text: string): string {
  const words = text.trim().replace(/^0x/i, '').split(',');
  const digits = words.map((word, i) => (i === 0 ? word : word.padStart(8, '0'))).join('');
  const bare = digits.toLowerCase().replace(/^0+(?=.)/, '');
  return bare.replace(/(?!^)(?=(?:.{8})+$)/g, ',');
}

/** As store_rps_dev_flow_table_cnt() rounds it. */
function powerOfTwo(value: number): number {
  return value === 0 ? 0 : 2 ** Math.ceil(Math.log2(value));
}
