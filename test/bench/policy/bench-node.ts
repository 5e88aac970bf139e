// SPDX-License-Identifier: Apache-2.0
// The place that is measured: a host with one device and a wire to where packets come from.
import { closeSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EndpointPlace, PolicyEnforcer } from '../../../src/engine/policy/enforcer.ts';
import type { StateSizes } from '../../../src/engine/policy/map-sizes.ts';
import { loadObject } from '../../../src/kernel/bpf/load.ts';
import { createPolicyDatapath } from '../../../src/kernel/bpf/policy/datapath.ts';
import { BPF, BpfAttr, getPinned, mustBpf } from '../../../src/kernel/bpf/syscall.ts';
import type { NamespaceIo } from '../../../src/kernel/ports.ts';
import type { CompiledPolicy } from '../../../src/policy/compiled.ts';
import { bpfObject } from '../../helpers/bpf-object.ts';
import { bpffs } from '../../helpers/bpffs.ts';
import { netns, type TestNetns } from '../../helpers/netns.ts';
import { policyObject } from '../../helpers/policy-star.ts';
import { CLIENT, HOST } from './worlds.ts';

const STATE: StateSizes = {
  places: 64,
  flows: 262_144,
  newFlows: 65_536,
  buckets: 1024,
  fragments: 1024,
  log: 65_536,
};
const POLICY = fileURLToPath(new URL('../../../ebpf/policy', import.meta.url));

export interface BenchNode extends AsyncDisposable {
  readonly host: TestNetns;
  readonly wire: TestNetns;
  readonly hostIo: NamespaceIo;
  readonly wireIo: NamespaceIo;
  readonly hostIfindex: number;
  readonly wireIfindex: number;
  readonly macs: { readonly from: string; readonly to: string };
  readonly enforcer: PolicyEnforcer;
  place(compiled: CompiledPolicy, early?: boolean): EndpointPlace;
  /** Put a policy in force in tables that fit it. */
  enforce(compiled: CompiledPolicy, early?: boolean): Promise<void>;
  detach(): Promise<void>;
  /** Mean nanoseconds of a function of the programs over packets from random sources. */
  runs(name: RandomFunction, frame: Uint8Array, repeat: number): number;
  /** From where random packets come, at most 65,536. */
  sources(addresses: Uint32Array): void;
}

/** Functions of {@link RANDOM}. */
export type RandomFunction =
  | 'random_nothing'
  | 'random_memory'
  | 'random_early'
  | 'random_ingress'
  | 'random_egress';

/**
 * The programs as they are, behind a few instructions that give each packet another source (of an answer: another
 * destination): BPF_PROG_TEST_RUN repeats one packet.
 */
const RANDOM = `
#include "policy.bpf.c"
/* One entry: it takes as little of the cache as it can. */
struct sources { __u32 address[65536]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct sources); } bench_sources SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } bench_next SEC(".maps");
static __always_inline bool randomise(void *data, void *end, __u32 offset) {
  __u32 zero = 0, index, *next;
  struct sources *sources;
  if (data + 54 > end) return false;
  next = bpf_map_lookup_elem(&bench_next, &zero);
  if (!next) return false;
  index = (*next)++ & 0xffff;
  sources = bpf_map_lookup_elem(&bench_sources, &zero);
  if (!sources) return false;
  *(__u32 *)(data + offset) = sources->address[index];
  return true;
}
SEC("xdp") int random_nothing(struct xdp_md *ctx) {
  randomise((void *)(long)ctx->data, (void *)(long)ctx->data_end, 26);
  return XDP_DROP;
}
/* Reads what a look-up must, one word after the other, and nothing else; the next run waits for it. */
SEC("xdp") int random_memory(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct policy_v4_root *root;
  struct policy_v4 *line;
  __u32 zero = 0, index, word, *next = bpf_map_lookup_elem(&bench_next, &zero);
  if (!next || !randomise(data, end, 26) || data + 34 > end) return XDP_ABORTED;
  index = bpf_ntohl(*(__u32 *)(data + 26)) >> 20;
  root = bpf_map_lookup_elem(&policy_v4_root, &index);
  if (!root) return XDP_ABORTED;
  index = root->slot[0].node[bpf_ntohl(*(__u32 *)(data + 26)) >> 16 & 15] >> 8;
  line = bpf_map_lookup_elem(&policy_v4, &index);
  if (!line) return XDP_ABORTED;
  word = line->word[0];
  asm volatile("%0 &= 0" : "+r"(word));
  *next += word;
  return XDP_DROP;
}
SEC("xdp") int random_early(struct xdp_md *ctx) {
  if (!randomise((void *)(long)ctx->data, (void *)(long)ctx->data_end, 26)) return XDP_ABORTED;
  return early((void *)(long)ctx->data, (void *)(long)ctx->data_end, ctx->ingress_ifindex);
}
SEC("tc") int random_ingress(struct __sk_buff *skb) {
  if (!randomise((void *)(long)skb->data, (void *)(long)skb->data_end, 26)) return 99;
  return policy(skb, POLICY_INGRESS);
}
SEC("tc") int random_egress(struct __sk_buff *skb) {
  if (!randomise((void *)(long)skb->data, (void *)(long)skb->data_end, 30)) return 99;
  return policy(skb, POLICY_EGRESS);
}`;

function macOf(ns: TestNetns, device: string): { readonly ifindex: number; readonly address: string } {
  return (
    JSON.parse(ns.ip('-j', 'link', 'show', device)) as { ifindex: number; address: string }[]
  )[0] as never;
}

const NOTHING = {
  endpoints: 1,
  v4: 1,
  v6: 1,
  peers: 1,
  sets: 1,
  ports: 1,
  verdicts: 1,
  rules: 2,
  counters: 2,
};

export async function benchNode(): Promise<BenchNode> {
  const [host, wire] = [await netns('wPb'), await netns('wPb')];
  const pins = bpffs();
  host.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1', 'netns', wire.name);
  host.ip('addr', 'add', `${HOST}/24`, 'dev', 'v0');
  wire.ip('addr', 'add', `${CLIENT}/24`, 'dev', 'v1');
  host.ip('link', 'set', 'v0', 'up');
  wire.ip('link', 'set', 'v1', 'up');
  host.exec('ethtool', '-K', 'v0', 'gro', 'on');
  const [near, far] = [macOf(host, 'v0'), macOf(wire, 'v1')];
  const [hostIo, wireIo] = [await host.io(), await wire.io()];
  const datapath = createPolicyDatapath({ pinDir: pins.path, object: policyObject });
  const enforcer = new PolicyEnforcer(datapath, STATE);
  const object = bpfObject(RANDOM, ['-I', POLICY]);
  let generation = 1;
  let random: ReturnType<typeof loadObject> | undefined;
  const close = () => {
    for (const fd of [...(random?.programs.values() ?? []), ...(random?.maps.values() ?? [])]) closeSync(fd);
    random = undefined;
  };
  let addresses = new Uint32Array(65_536);
  const loaded = () => {
    if (random !== undefined) return random;
    const names = [
      ...[
        'config',
        'places',
        'near_places',
        'begun',
        'v4_root',
        'v4',
        'v6',
        'peers',
        'near_peers',
        'sets',
        'ports',
        'verdicts',
        'rules',
        'counters',
        'flows',
      ],
      ...['new_flows', 'buckets', 'fragments', 'drops', 'trace', 'log'],
    ].map((name) => `policy_${name}`);
    const maps = Object.fromEntries(
      names.map((name) => [name, getPinned(`${pins.path}/policy/tables/${generation}/maps/${name}`)]),
    );
    random = loadObject(object, {
      name: 'bench',
      programs: ['random_nothing', 'random_memory', 'random_early', 'random_ingress', 'random_egress'],
      variables: { space: hostIo.netns.inode, hz: datapath.ticksPerSecond() },
      maps,
    });
    for (const fd of Object.values(maps)) closeSync(fd);
    const fd = random.maps.get('bench_sources') as number;
    mustBpf('write sources', BPF.MAP_UPDATE_BATCH, batch(fd, new Uint32Array(1), addresses));
    return random;
  };
  const place = (compiled: CompiledPolicy, early = false): EndpointPlace => {
    const endpoint = compiled.endpoint('default/node');
    if (endpoint === undefined) throw new Error('the policy has no endpoint');
    return { io: hostIo, ifindex: near.ifindex, side: 'host', endpoint, early };
  };
  return {
    host,
    wire,
    hostIo,
    wireIo,
    hostIfindex: near.ifindex,
    wireIfindex: far.ifindex,
    macs: { from: far.address, to: near.address },
    enforcer,
    place,
    async enforce(compiled, early = false) {
      close();
      await enforcer.load(NOTHING);
      await enforcer.update(compiled, [place(compiled)], true);
      generation = datapathGeneration(pins.path);
      await enforcer.attach(place(compiled, early));
    },
    detach: () => enforcer.detach(hostIo.netns.inode, near.ifindex),
    sources(chosen) {
      addresses = Uint32Array.from({ length: 65_536 }, (_, i) => chosen[i % chosen.length] as number);
      close();
    },
    runs(name, frame, repeat) {
      const fd = loaded().programs.get(name) as number;
      const xdp = name !== 'random_ingress' && name !== 'random_egress';
      const context = new Uint8Array(xdp ? 24 : 192);
      const view = new DataView(context.buffer);
      if (xdp) {
        view.setUint32(4, frame.length, true);
        view.setUint32(12, near.ifindex, true);
      } else view.setUint32(40, near.ifindex, true);
      const attr = new BpfAttr(80)
        .u32(0, fd)
        .u32(8, frame.length)
        .pointer(16, frame)
        .u32(32, repeat)
        .u32(40, context.length)
        .pointer(48, context);
      mustBpf('BPF_PROG_TEST_RUN', BPF.PROG_TEST_RUN, attr, hostIo.fd);
      return attr.view.getUint32(36, true);
    },
    async [Symbol.asyncDispose]() {
      close();
      await enforcer.unload();
      await host[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
      pins[Symbol.dispose]();
    },
  };
}

function batch(fd: number, keys: Uint32Array, values: Uint32Array): BpfAttr {
  return new BpfAttr(56)
    .pointer(16, new Uint8Array(keys.buffer))
    .pointer(24, new Uint8Array(values.buffer))
    .u32(32, keys.length)
    .u32(36, fd);
}

function datapathGeneration(path: string): number {
  return Math.max(...readdirSync(`${path}/policy/tables`).map(Number));
}
