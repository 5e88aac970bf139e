// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { labelBytes } from './labels.ts';
import type { NapiPolls } from './telemetry-rows.ts';

const QDISC_LABELS = ['device', 'kind', 'handle'];

const QDISC: Family = {
  name: 'weir_qdisc_delay_seconds',
  help: 'Time of packets from enqueue to dequeue of the root qdisc. Estimated from samples.',
  type: 'histogram',
  labels: QDISC_LABELS,
  budget: 30_000,
};

const polls = (name: string, help: string): Family => ({
  name: `weir_napi_${name}_total`,
  help,
  type: 'counter',
  labels: ['device'],
  budget: 5_000,
});

const POLLS: readonly (readonly [Family, keyof NapiPolls & ('polls' | 'packets' | 'exhausted')])[] = [
  [polls('polls', 'NAPI polls of the device. Estimated from samples.'), 'polls'],
  [polls('packets', 'Packets that NAPI polls of the device took. Estimated from samples.'), 'packets'],
  [polls('budget_exhausted', 'NAPI polls that used their budget up: more was waiting.'), 'exhausted'],
];

const softirq = (name: string, help: string): Family => ({
  name: `weir_softirq_${name}_seconds`,
  help: `${help} Estimated from samples.`,
  type: 'histogram',
  labels: ['vector'],
  budget: 100,
});

const DELAY = softirq('delay', 'Time from raising the softirq to its start.');
const RUN = softirq('run', 'Time that one run of the softirq took.');

/** Delay in qdiscs, NAPI polls and times of softirqs, from the eBPF telemetry `queueing`. */
export const queueing: Collector = {
  name: 'queueing',
  enabledByDefault: true,
  scope: 'netns',
  families: [QDISC, ...POLLS.map(([family]) => family), DELAY, RUN],
  collect: collectQueueing,
};

async function collectQueueing(source: Source, out: Exposition): Promise<void> {
  const found = await source.queueing();
  for (const { device, kind, handle, delay } of found.qdiscs) {
    await out.breathe();
    out.family(QDISC).histogram(labelBytes(source.netns, QDISC_LABELS, [device, kind, handle]), delay);
  }
  for (const row of found.polls)
    for (const [family, field] of POLLS) out.family(family).add([row.device], row[field]);
  if (source.netns !== '') return;
  for (const { vector, delay, run } of found.softirqs) {
    const labels = labelBytes('', ['vector'], [vector]);
    out.family(DELAY).histogram(labels, delay);
    out.family(RUN).histogram(labels, run);
  }
}
