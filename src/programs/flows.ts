// SPDX-License-Identifier: Apache-2.0
import type { TelemetryProgram } from './telemetry-program.ts';

/** Sizes and protocols of packets by device and direction, and the flows that have most of them. */
export const flows: TelemetryProgram = {
  name: 'flows',
  description: 'packet sizes, protocols and top talkers of each device, from samples',
  // two programs at each packet: looking costs more than all other telemetry together, whatever is done with what is seen
  runs: 'on-demand',
  hooks: [
    { program: 'flows_receive', tracepoint: 'netif_receive_skb' },
    { program: 'flows_transmit', tracepoint: 'net_dev_start_xmit' },
  ],
  maps: ['flows_devices', 'flows'],
  variables: ({ sampling }) => ({ sampling }),
};
