// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bpfObject, PRELUDE } from './bpf-object.ts';
import type { TestNetns } from './netns.ts';

const source = (microseconds: number) => `${PRELUDE}
static long is_due(__u32 index, __u64 *due) { return bpf_ktime_get_ns() >= *due; }
SEC("tc") int slow(struct __sk_buff *skb) {
  __u64 due = bpf_ktime_get_ns() + ${microseconds * 1000}ULL;
  bpf_loop(1 << 20, is_due, &due, 0);
  return TC_ACT_SHOT;
}`;

/** Keep the CPU that receives a packet of the device busy for so long, and drop the packet: a stack that cannot keep up. */
export function slowReceive(ns: TestNetns, dev: string, microseconds: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-slow-'));
  try {
    const file = join(folder, 'slow.o');
    writeFileSync(file, bpfObject(source(microseconds)));
    ns.tc('qdisc', 'add', 'dev', dev, 'clsact');
    ns.tc(
      'filter',
      'add',
      'dev',
      dev,
      'ingress',
      'bpf',
      'direct-action',
      'object-file',
      file,
      'section',
      'tc',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
