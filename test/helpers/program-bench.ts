// SPDX-License-Identifier: Apache-2.0
// A place to try operators' programs: a namespace with a cable, a bpffs and an engine of one test's own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeReport } from '../../src/engine/change/report.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { bpfObject, PRELUDE } from './bpf-object.ts';
import { bpffs } from './bpffs.ts';
import { documentsIn, type TestEngine, testEngine } from './engine.ts';
import { netns, type TestNetns } from './netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

/** Counts packets at tcx, tc and XDP into `seen`, adding the constant `step`, and lets them pass. */
export const COUNTER = `${PRELUDE}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
const volatile __u64 step = 1;
static __always_inline void count(__u32 slot) {
  __u64 *value = bpf_map_lookup_elem(&seen, &slot);
  if (value) __sync_fetch_and_add(value, step);
}
SEC("tcx/ingress") int ingress(struct __sk_buff *skb) { count(0); return TCX_NEXT; }
SEC("tc") int either(struct __sk_buff *skb) { count(1); return TCX_NEXT; }
SEC("xdp") int early(struct xdp_md *xdp) { count(2); return XDP_PASS; }
`.replace(
  '#include <bpf/bpf_helpers.h>',
  '#include <bpf/bpf_helpers.h>\n#ifndef TCX_NEXT\n#define TCX_NEXT -1\n#endif',
);

export interface ProgramBench extends AsyncDisposable {
  readonly ns: TestNetns;
  readonly pinDir: string;
  readonly directory: string;
  /** The engine of now; `restart` makes another one. */
  readonly test: TestEngine;
  restart(boot?: string, meanwhile?: () => void): Promise<void>;
  /** An object file. @returns what a document says of it. */
  object(bytes: Uint8Array): { readonly digest: string; readonly path: string };
  plan(...documents: readonly object[]): Promise<Plan>;
  apply(...documents: readonly object[]): Promise<ChangeReport>;
  rollback(revision?: number): Promise<ChangeReport>;
  /** `bpftool` in the namespace, its JSON. */
  bpftool(...args: readonly string[]): unknown;
  /** A number in the map of a program. */
  count(program: string, map: string, slot: number): number;
  /** Packets over the cable. */
  ping(times?: number): void;
}

/** @param keys Directory of the agent's keys, in the bench's directory. */
export async function programBench(keys?: string): Promise<ProgramBench> {
  const ns = await netns('wC');
  const pins = bpffs();
  const directory = mkdtempSync(join(tmpdir(), 'weir-programs-'));
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  const other = await netns('wC');
  ns.ip('link', 'set', 'v1', 'netns', other.name);
  ns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'v0');
  other.ip('addr', 'add', '192.0.2.2/24', 'dev', 'v1');
  // nothing but what a test sends is counted
  for (const [one, device, peer, address] of [
    [ns, 'v0', '192.0.2.2', macOf(other, 'v1')],
    [other, 'v1', '192.0.2.1', macOf(ns, 'v0')],
  ] as const) {
    one.exec('sysctl', '-qw', `net.ipv6.conf.${device}.disable_ipv6=1`);
    one.ip('link', 'set', device, 'up');
    one.ip('neighbour', 'replace', peer, 'lladdr', address, 'dev', device, 'nud', 'permanent');
  }
  const keyDir = keys === undefined ? undefined : join(directory, keys);
  let test = testEngine(directory, 'boot 1', pins.path, keyDir);
  let objects = 0;
  const wish = (documents: readonly object[]) => ({
    documents: documentsIn(JSON.stringify(documents)),
    prune: true,
  });
  const bpftool = (...args: readonly string[]): unknown =>
    JSON.parse(ns.exec('bpftool', '-j', ...args).trim() || 'null');
  return {
    ns,
    pinDir: pins.path,
    directory,
    get test() {
      return test;
    },
    async restart(boot = 'boot 1', meanwhile = () => {}) {
      await test[Symbol.asyncDispose]();
      meanwhile();
      test = testEngine(directory, boot, pins.path, keyDir);
    },
    object(bytes) {
      const path = join(directory, `${objects++}.bpf.o`);
      writeFileSync(path, bytes);
      return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, path };
    },
    plan: async (...documents) => (await test.engine.plan(wish(documents), ASKER)).plan,
    apply: (...documents) => test.engine.apply(wish(documents), WISH, ASKER),
    rollback: (revision) => test.engine.rollback(revision, WISH, ASKER),
    bpftool,
    count(program, map, slot) {
      const key = [slot, 0, 0, 0].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
      const path = `${pins.path}/programs/${program}/maps/${map}`;
      const { value } = bpftool('map', 'lookup', 'pinned', path, 'key', ...key) as { value: string[] };
      return Number(Buffer.from(value.map((byte) => Number(byte))).readBigUInt64LE());
    },
    ping: (times = 1) =>
      void execFileSync('nsenter', [
        `--net=/run/netns/${other.name}`,
        ...['ping', '-q', '-c', String(times), '-i', '0.002', '-W', '1', '192.0.2.1'],
      ]),
    async [Symbol.asyncDispose]() {
      await test[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await ns[Symbol.asyncDispose]();
      pins[Symbol.dispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

function macOf(ns: TestNetns, device: string): string {
  return (JSON.parse(ns.ip('-j', 'link', 'show', device)) as [{ address: string }])[0].address;
}

/** A Program document of this name, for the namespace of the bench. */
export function programDocument(netnsName: string, name: string, spec: object): object {
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Program',
    metadata: { name },
    spec: { netns: netnsName, ...spec },
  };
}

/** Counts calls of a function of the kernel, and returns from it, into `seen`. */
export const CALLS = `${PRELUDE}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
static __always_inline int count(__u32 slot) {
  __u64 *value = bpf_map_lookup_elem(&seen, &slot);
  if (value) __sync_fetch_and_add(value, 1);
  return 0;
}
SEC("fentry/icmp_rcv") int entered(void *ctx) { return count(0); }
SEC("fexit/icmp_rcv") int left(void *ctx) { return count(1); }
`;

/** The object of {@link COUNTER}, compiled once; `extra` makes another version of it. */
export function counterObject(extra = ''): Buffer {
  return bpfObject(COUNTER + extra);
}
