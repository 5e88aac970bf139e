// SPDX-License-Identifier: Apache-2.0
import type { Collector, QdiscStats, Source } from './collector.ts';
import type { Exposition, Family, MetricType } from './exposition.ts';
import { labelBytes } from './labels.ts';

type Field = 'bytes' | 'packets' | 'drops' | 'requeues' | 'overlimits' | 'qlen' | 'backlog';

const ROOT_LABELS = ['device', 'kind'];
const LABELS = ['device', 'kind', 'parent', 'handle'];

/** The same number under node_exporter's name for root qdiscs and under Weir's for all of them. */
interface Pair {
  readonly field: Field;
  readonly root: Family;
  readonly any: Family;
}

const pair = (field: Field, type: MetricType, rootName: string, name: string, help: string): Pair => ({
  field,
  root: { name: `node_qdisc_${rootName}`, type, labels: ROOT_LABELS, help: `${help}, of root qdiscs.` },
  any: { name: `weir_qdisc_${name}`, type, labels: LABELS, help: `${help}, of every qdisc.` },
});

const PAIRS: readonly Pair[] = [
  pair('bytes', 'counter', 'bytes_total', 'bytes_total', 'Bytes sent'),
  pair('packets', 'counter', 'packets_total', 'packets_total', 'Packets sent'),
  pair('drops', 'counter', 'drops_total', 'drops_total', 'Packets dropped'),
  pair('requeues', 'counter', 'requeues_total', 'requeues_total', 'Packets put back into the queue'),
  pair('overlimits', 'counter', 'overlimits_total', 'overlimits_total', 'Packets over the limit'),
  pair('qlen', 'gauge', 'current_queue_length', 'queue_length_packets', 'Packets in the queue'),
  pair('backlog', 'gauge', 'backlog', 'backlog_bytes', 'Bytes in the queue'),
];

/**
 * Statistics of qdiscs. Other namespaces have only the `weir_qdisc_*` families: the root ones would differ from those
 * by nothing but fewer labels.
 */
export const qdisc: Collector = {
  name: 'qdisc',
  enabledByDefault: false,
  scope: 'netns',
  families: PAIRS.flatMap(({ root, any }) => [root, any]),
  collect: collectQdisc,
};

async function collectQdisc(source: Source, out: Exposition): Promise<void> {
  const qdiscs = await source.qdiscs();
  const labels = qdiscs.map((q) => labelBytes(source.netns, LABELS, [q.device, q.kind, q.parent, q.handle]));
  await write(out, qdiscs, labels, 'any');
  if (source.netns !== '') return;
  const roots = qdiscs.filter((q) => q.root);
  const rootLabels = roots.map((q) => labelBytes('', ROOT_LABELS, [q.device, q.kind]));
  await write(out, roots, rootLabels, 'root');
}

async function write(
  out: Exposition,
  qdiscs: readonly QdiscStats[],
  labels: readonly Uint8Array[],
  which: 'root' | 'any',
): Promise<void> {
  for (const families of PAIRS) {
    await out.breathe();
    const writer = out.family(families[which]);
    for (const [i, q] of qdiscs.entries()) writer.sample(labels[i] as Uint8Array, q[families.field]);
  }
}
