// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../../base/bytes.ts';
import type { FileReader } from '../../kernel/ports.ts';

/** Capabilities that Weir uses (include/uapi/linux/capability.h), each with what does not work without it. */
const USED = [
  [12, 'CAP_NET_ADMIN', 'event buffers cannot be enlarged, and conntrack statistics cannot be read'],
  [21, 'CAP_SYS_ADMIN', 'other network namespaces cannot be watched'],
] as const;

/** Names of the capabilities that a unit for Weir may grant. */
const NAMED: readonly (readonly [bit: number, name: string])[] = [
  [12, 'CAP_NET_ADMIN'],
  [13, 'CAP_NET_RAW'],
  [21, 'CAP_SYS_ADMIN'],
  [38, 'CAP_PERFMON'],
  [39, 'CAP_BPF'],
];

/** What the agent may do. */
export interface Rights {
  readonly capabilities: string[];
  readonly missing: string[];
  /** One sentence for each missing right. */
  readonly degraded: readonly string[];
}

/** Rights of this process, from /proc/self/status (proc_pid_status(5)). */
export async function readRights(proc: FileReader): Promise<Rights> {
  return rightsIn(textOf(await proc.read('self/status')));
}

/** Rights in the text of a status file. */
export function rightsIn(status: string): Rights {
  const [, mask = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  const bits = BigInt(`0x${mask}`);
  const has = (bit: number) => ((bits >> BigInt(bit)) & 1n) === 1n;
  const missing = USED.filter(([bit]) => !has(bit));
  return {
    capabilities: NAMED.filter(([bit]) => has(bit)).map(([, name]) => name),
    missing: missing.map(([, name]) => name),
    degraded: missing.map(([, name, consequence]) => `${consequence}: the agent lacks ${name}`),
  };
}
