// SPDX-License-Identifier: Apache-2.0
import type { TelemetryProgram } from './telemetry-program.ts';

/** Why packets are lost: counted by reason and place, and the first bytes of the last ones (ebpf/drops/drops.bpf.c). */
export const drops: TelemetryProgram = {
  name: 'drops',
  description: 'Dropped packets by reason, device, protocol and place in the kernel, and their first bytes',
  runs: 'always',
  hooks: [{ program: 'count_drop', tracepoint: 'kfree_skb' }],
  maps: ['drop_counts', 'recorder', 'drop_totals'],
  variables: ({ flightRecorder }) => ({ recorder_size: flightRecorder.packets }),
  sizes: ({ flightRecorder }) => ({ recorder: flightRecorder.packets }),
};
