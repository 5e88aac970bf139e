// SPDX-License-Identifier: Apache-2.0
import type { TelemetryProgram } from './telemetry-program.ts';

/** How long packets wait in qdiscs and for softirqs, and how much NAPI polls find. */
export const queueing: TelemetryProgram = {
  name: 'queueing',
  description: 'delay in qdiscs, delay and run time of softirqs, work of NAPI polls',
  runs: 'always',
  hooks: [
    { program: 'queueing_poll', tracepoint: 'napi_poll' },
    { program: 'queueing_raise', tracepoint: 'softirq_raise' },
    { program: 'queueing_entry', tracepoint: 'softirq_entry' },
    { program: 'queueing_exit', tracepoint: 'softirq_exit' },
    { program: 'queueing_dequeue', tracepoint: 'qdisc_dequeue' },
    { program: 'queueing_enqueue', tracepoint: 'qdisc_enqueue', without: 'the delay in qdiscs' },
  ],
  maps: ['queueing_qdiscs', 'queueing_devices', 'queueing_vectors'],
  variables: ({ sampling }) => ({ sampling }),
};
