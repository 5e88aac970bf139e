// SPDX-License-Identifier: Apache-2.0
// Packets that come over a wire as fast as one CPU makes and handles them, from random sources if that is asked for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { loadObject } from '../../../src/kernel/bpf/load.ts';
import { openMap } from '../../../src/kernel/bpf/maps.ts';
import { BPF, BpfAttr, mustBpf } from '../../../src/kernel/bpf/syscall.ts';
import { bpfObject, PRELUDE } from '../../helpers/bpf-object.ts';
import { checksum, frame } from '../../helpers/policy-frames.ts';
import type { BenchNode } from './bench-node.ts';
import { CLIENT, dotted, HOST, OPEN_PORT, UDP } from './worlds.ts';

const LIVE_FRAMES = 1 << 1;
const HEADERS = 64;

/** The memory of a frame is used again after it was sent: all is written anew. Checksums are known before. */
const SOURCE = `${PRELUDE}
struct headers { __u8 bytes[${HEADERS}]; };
struct source { __u32 address; __u16 ip_check; __u16 udp_check; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct headers); } frame SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 65536); __type(key, __u32); __type(value, struct source); } sources SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } next SEC(".maps");
const volatile __u32 target;
SEC("xdp") int send(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  __u32 zero = 0, index, *at = bpf_map_lookup_elem(&next, &zero);
  struct headers *headers = bpf_map_lookup_elem(&frame, &zero);
  struct source *source;
  if (!headers || !at || data + sizeof(*headers) > (void *)(long)ctx->data_end) return XDP_ABORTED;
  index = (*at)++ & 0xffff;
  source = bpf_map_lookup_elem(&sources, &index);
  if (!source) return XDP_ABORTED;
  __builtin_memcpy(data, headers, sizeof(*headers));
  *(__u32 *)(data + 26) = source->address;
  *(__u16 *)(data + 24) = source->ip_check;
  *(__u16 *)(data + 40) = source->udp_check;
  return bpf_redirect(target, 0);
}
SEC("xdp") int drop_all(struct xdp_md *ctx) { return XDP_DROP; }`;

export interface LiveSender extends Disposable {
  /** @returns nanoseconds a packet, making it included. */
  send(sources: Uint32Array, count: number): number;
  /** The program that drops everything. */
  readonly dropAll: number;
}

export function liveSender(node: BenchNode): LiveSender {
  const { programs, maps } = loadObject(bpfObject(SOURCE), {
    name: 'sender',
    variables: { target: node.wireIfindex },
  });
  const fd = programs.get('send') as number;
  const bytes = frame({
    source: '0.0.0.0',
    destination: HOST,
    protocol: UDP,
    sourcePort: 4000,
    port: OPEN_PORT,
    macs: node.macs,
    payload: new Uint8Array(22),
  });
  openMap(maps.get('frame') as number).update(new Uint8Array(4), bytes.slice(0, HEADERS));
  return {
    dropAll: programs.get('drop_all') as number,
    send(sources, count) {
      writeSources(maps.get('sources') as number, bytes, sources);
      const context = new Uint8Array(24);
      new DataView(context.buffer).setUint32(4, bytes.length, true);
      new DataView(context.buffer).setUint32(12, node.wireIfindex, true);
      const attr = new BpfAttr(80)
        .u32(0, fd)
        .u32(8, bytes.length)
        .pointer(16, bytes)
        .u32(32, count)
        .u32(40, context.length)
        .pointer(48, context)
        .u32(64, LIVE_FRAMES);
      const start = performance.now();
      mustBpf('send frames', BPF.PROG_TEST_RUN, attr, node.wireIo.fd);
      return ((performance.now() - start) * 1e6) / count;
    },
    [Symbol.dispose]() {
      for (const one of [...programs.values(), ...maps.values()]) closeSync(one);
    },
  };
}

function writeSources(map: number, bytes: Uint8Array, sources: Uint32Array): void {
  const keys = Uint32Array.from({ length: 65_536 }, (_, i) => i);
  const values = new Uint8Array(65_536 * 8);
  for (let i = 0; i < 65_536; i++) values.set(entryOf(bytes, sources[i % sources.length] as number), i * 8);
  openMap(map).updateBatch(new Uint8Array(keys.buffer), values, keys.length);
}

/** @param source In the order of the network, as the machine reads it. */
function entryOf(bytes: Uint8Array, source: number): Uint8Array {
  const address = new Uint8Array(Uint32Array.of(source).buffer);
  const header = bytes.slice(14, 34);
  header.set([0, 0], 10);
  header.set(address, 12);
  const ip = checksum(header);
  const udp = bytes.slice(34);
  const pseudo = Uint8Array.from([
    ...header.slice(12, 20),
    0,
    UDP,
    udp.length >> 8,
    udp.length & 255,
    ...udp,
  ]);
  const l4 = checksum(pseudo);
  return Uint8Array.from([...address, ip >> 8, ip & 255, l4 >> 8, l4 & 255]);
}

/** A UDP socket that answers the first packet and then never reads: what comes is dropped there, as soon as it is full. */
export async function silentSocket(node: BenchNode): Promise<AsyncDisposable> {
  const script = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
s.bind(('${HOST}', ${OPEN_PORT}))
print('ready', flush=True)
while True:
    data, peer = s.recvfrom(100)
    if peer[0] == '${CLIENT}':
        s.sendto(b'x', peer)
        break
time.sleep(600)`;
  const child = spawn('nsenter', [`--net=/run/netns/${node.host.name}`, 'python3', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** The same policy in nftables, with connection tracking, as somebody would write it who cares for speed. */
export function nftables(denied: readonly string[], allowed: readonly (readonly [string, number])[]): string {
  const pairs = allowed.map(([source, port]) => `${source} . ${port}`);
  return `table inet bench {
  set denied { type ipv4_addr; flags interval; auto-merge; elements = { ${denied.join(', ')} } }
  set allowed_udp { type ipv4_addr . inet_service; ${pairs.length > 0 ? `elements = { ${pairs.join(', ')} }` : ''} }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related counter accept
    ct state invalid drop
    ip saddr @denied counter drop
    udp dport ${OPEN_PORT} counter accept
    ip saddr . udp dport @allowed_udp accept
  }
}`;
}

export { dotted };
