// SPDX-License-Identifier: Apache-2.0
import { bytesOf } from '../base/bytes.ts';

/**
 * The labels that begin every series of a device, escaped as the Prometheus text format asks, without braces:
 * `device="eth0"` in the agent's own namespace (netns ''), `netns="lab",device="eth0"` in another one.
 */
export function deviceLabels(netns: string, device: string): Uint8Array {
  const own = `device="${escaped(device)}"`;
  return bytesOf(netns === '' ? own : `netns="${escaped(netns)}",${own}`);
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}
