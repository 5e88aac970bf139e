// SPDX-License-Identifier: Apache-2.0
import { closeSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWeirError, type WeirError } from '../../src/base/errors.ts';
import { elfSections } from '../../src/codec/bpf/elf.ts';
import {
  ATTACH,
  attachTcx,
  attachXdp,
  linkInfo,
  queryHook,
  replaceProgram,
} from '../../src/kernel/bpf/links.ts';
import { type LoadedObject, type LoadOptions, loadObject } from '../../src/kernel/bpf/load.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { programInfo, testRun } from '../../src/kernel/bpf/programs.ts';
import { readRing } from '../../src/kernel/bpf/ring.ts';
import { native } from '../../src/kernel/native.ts';
import type { NamespaceIo } from '../../src/kernel/ports.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { hasTcx, skipFor } from '../helpers/skip.ts';

const SOURCE = `${PRELUDE}
const volatile __u32 step = 1;
const volatile __u64 wide = 0;
struct key { __u32 a; __u32 b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 5000); __type(key, struct key); __type(value, __u64); } hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } ring SEC(".maps");
SEC("tc") int count(struct __sk_buff *skb) {
  __u32 zero = 0, *value = bpf_map_lookup_elem(&counts, &zero);
  if (value) *value += step + (__u32)wide;
  return TC_ACT_UNSPEC;
}
SEC("tc") int tell(struct __sk_buff *skb) {
  __u64 time = bpf_ktime_get_ns();
  bpf_ringbuf_output(&ring, &time, sizeof(time), 0);
  return TC_ACT_UNSPEC;
}
SEC("xdp") int drop(struct xdp_md *ctx) { return XDP_DROP; }
`;
const PACKET = new Uint8Array(64);
const u32 = (...values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer);

let object: Buffer;
let ns: TestNetns;
let io: NamespaceIo;
let ifindex = 0;
const open: number[] = [];

const load = (options: Partial<LoadOptions> = {}): LoadedObject => {
  const loaded = loadObject(object, { name: 'contract', ...options });
  open.push(...loaded.programs.values(), ...loaded.maps.values());
  return loaded;
};
const fdOf = (map: ReadonlyMap<string, number>, name: string): number => {
  const fd = map.get(name);
  if (fd === undefined) throw new Error(`no ${name} in ${[...map.keys()]}`);
  return fd;
};

beforeAll(async () => {
  object = bpfObject(SOURCE);
  ns = await netns('we-bpf');
  ns.ip('link', 'add', 'we0', 'type', 'veth', 'peer', 'name', 'we1');
  io = await ns.io();
  ifindex = Number(JSON.parse(ns.ip('-j', 'link', 'show', 'we0'))[0].ifindex);
});
afterAll(async () => {
  for (const fd of open) closeSync(fd);
  await ns?.[Symbol.asyncDispose]();
});

describe('an object', () => {
  it('is loaded with its constants, and only the programs that are chosen', () => {
    const { programs, maps } = load({ programs: ['count'], variables: { step: 3, wide: 2n ** 33n + 4n } });
    expect([...programs.keys()]).toEqual(['count']);
    expect(testRun(fdOf(programs, 'count'), PACKET, 10)).toMatchObject({ returned: 0xffff_ffff });
    const counts = openMap(fdOf(maps, 'counts'));
    const value = counts.lookup(u32(0)) as Uint8Array;
    expect(value.length).toBe(counts.cpus * 8);
    const view = new DataView(value.buffer);
    let sum = 0;
    for (let cpu = 0; cpu < counts.cpus; cpu++) sum += view.getUint32(cpu * counts.stride, true);
    expect(sum).toBe(70);
    expect(programInfo(fdOf(programs, 'count'))).toMatchObject({ name: 'count', type: 3 });
  });

  it('shares a map with another one, and has others resized', () => {
    const first = load({ programs: ['count'] });
    const kept = fdOf(first.maps, 'counts');
    const second = load({ programs: ['count'], maps: { counts: kept }, maxEntries: { hash: 77 } });
    expect(openMap(fdOf(second.maps, 'counts')).id).toBe(openMap(kept).id);
    expect(openMap(fdOf(second.maps, 'hash')).maxEntries).toBe(77);
  });
});

describe('a map', () => {
  it('takes and gives many entries at once', () => {
    const hash = openMap(fdOf(load({ programs: [] }).maps, 'hash'));
    const count = 4000;
    const keys = new Uint32Array(count * 2).map((_, i) => (i % 2 === 0 ? i / 2 : 7));
    const values = new BigUint64Array(count).map((_, i) => BigInt(i) * 10n);
    hash.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(values.buffer), count);
    const entries = hash.entries();
    expect(entries.count).toBe(count);
    const seen = new Map<number, bigint>();
    for (let i = 0; i < entries.count; i++)
      seen.set(
        entries.keys.view.getUint32(i * entries.keySize, true),
        entries.values.view.getBigUint64(i * entries.stride, true),
      );
    expect(seen.size).toBe(count);
    for (const [key, value] of seen) expect(value).toBe(BigInt(key) * 10n);
    expect(hash.delete(u32(5, 7))).toBe(true);
    expect(hash.delete(u32(5, 7))).toBe(false);
    expect(hash.lookup(u32(5, 7))).toBeUndefined();
    expect(hash.lookup(u32(6, 7))).toEqual(new Uint8Array(BigUint64Array.of(60n).buffer));
  });

  it('refuses once it is closed, also when another map has its number by then', () => {
    const { maps } = load({ programs: [] });
    const closed = openMap(native().fdDup(fdOf(maps, 'hash')));
    const { fd } = closed;
    closed.close();
    // its values are longer than the buffers for those of the one before
    const next = native().fdDup(fdOf(maps, 'counts'));
    open.push(next);
    expect(next).toBe(fd);
    for (const call of [
      () => closed.lookup(u32(0, 0)),
      () => closed.entries(),
      () => closed.update(u32(0, 0), new Uint8Array(8)),
      () => closed.delete(u32(0, 0)),
      () => closed.fd,
    ])
      expect(call).toThrow('EBADF');
    closed.close();
    expect(openMap(next).maxEntries).toBeGreaterThan(0);
  });

  it('says how far a batch got', () => {
    const hash = openMap(fdOf(load({ programs: [], maxEntries: { hash: 4 } }).maps, 'hash'));
    const write = () =>
      hash.updateBatch(
        new Uint8Array(Uint32Array.from({ length: 20 }, (_, i) => i).buffer),
        new Uint8Array(80),
        10,
      );
    expect(write).toThrow(/entry \d+ of 10.*E2BIG/);
  });
});

describe('a ring buffer', () => {
  it('hands over every record in order, and wakes up for it', async () => {
    const { programs, maps } = load({ programs: ['tell'] });
    const times: bigint[] = [];
    const reader = readRing(fdOf(maps, 'ring'), (wire, start, end) => {
      expect(end - start).toBe(8);
      times.push(wire.view.getBigUint64(start, true));
    });
    for (let i = 0; i < 50; i++) {
      testRun(fdOf(programs, 'tell'), PACKET, 1000);
      reader.drain();
    }
    expect(times.length).toBe(50_000);
    expect(times.every((time, i) => i === 0 || time >= (times[i - 1] as bigint))).toBe(true);
    testRun(fdOf(programs, 'tell'), PACKET, 1);
    for (let left = 200; times.length === 50_000 && left > 0; left--) await delay(10);
    expect(times.length).toBe(50_001);
    reader.close();
    reader.close();
  });
});

describe('a hook', () => {
  it('runs programs in the order that was asked for, and tells of all', (context) => {
    if (!hasTcx(io.fd)) skipFor(context, 'tcx came with Linux 6.6');
    const { programs } = load();
    const [count, tell] = [fdOf(programs, 'count'), fdOf(programs, 'tell')];
    const first = attachTcx(io.fd, count, ifindex, 'ingress');
    const before = attachTcx(io.fd, tell, ifindex, 'ingress', { side: 'before', link: first });
    const { programs: shown, revision } = queryHook(io.fd, ifindex, ATTACH.TCX_INGRESS);
    expect(shown.map(({ link }) => link)).toEqual([linkInfo(before).id, linkInfo(first).id]);
    expect(linkInfo(first).ifindex).toBe(ifindex);
    expect(() =>
      attachTcx(io.fd, fdOf(load().programs, 'count'), ifindex, 'ingress', {
        side: 'after',
        revision: revision - 1n,
      }),
    ).toThrow('ESTALE');
    closeSync(before);
    closeSync(first);
    expect(queryHook(io.fd, ifindex, ATTACH.TCX_INGRESS).programs).toEqual([]);
  });

  it.for(['native', 'generic'] as const)(
    'takes an XDP program in %s mode, and another in its place',
    (mode) => {
      const [one, other] = [load(), load()];
      const link = attachXdp(io.fd, fdOf(one.programs, 'drop'), ifindex, mode);
      const shown = JSON.parse(ns.ip('-j', 'link', 'show', 'we0'));
      expect(shown[0].xdp).toMatchObject({ mode: mode === 'native' ? 1 : 2 });
      replaceProgram(link, fdOf(other.programs, 'drop'));
      expect(linkInfo(link).program).toBe(programInfo(fdOf(other.programs, 'drop')).id);
      expect(() => attachXdp(io.fd, fdOf(one.programs, 'drop'), ifindex, mode)).toThrow('EBUSY');
      closeSync(link);
    },
  );
});

describe('what cannot be loaded is refused, and nothing is left', () => {
  const errorOf = (bytes: Uint8Array, options: Partial<LoadOptions> = {}): WeirError => {
    try {
      loadObject(bytes, { name: 'bad', ...options });
    } catch (error) {
      if (isWeirError(error, 'BPF_OBJECT') || isWeirError(error, 'BPF_VERIFIER')) return error;
      throw error;
    }
    throw new Error('it was loaded');
  };
  const fds = () => readdirSync('/proc/self/fd').length;

  it('whatever its end is cut off', () => {
    load();
    const before = fds();
    for (let length = 0; length < object.length; length += 97)
      expect(errorOf(object.subarray(0, length)).code).toBe('BPF_OBJECT');
    expect(errorOf(object.subarray(0, 5000)).message).toContain('it is cut off');
    expect(fds()).toBe(before);
  });

  it('when bytes of it are rubbish: an error or a program, never an end of the process', () => {
    // of the debugger's sections nobody here reads anything
    const parts = elfSections(object).filter(({ name, size }) => size > 0 && !/debug|strtab/.test(name));
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 600; round++) {
      const bytes = Buffer.from(object);
      const { bytes: part } = parts[random(parts.length)] as (typeof parts)[number];
      const start = part.byteOffset - object.byteOffset;
      for (let i = 0; i < 4; i++) bytes[start + random(part.length)] = random(256);
      try {
        const { programs, maps } = loadObject(bytes, { name: 'rubbish' });
        for (const fd of [...programs.values(), ...maps.values()]) closeSync(fd);
      } catch (error) {
        expect(isWeirError(error)).toBe(true);
      }
    }
  });

  it('by its machine, its missing BTF, its missing program or constant', () => {
    expect(errorOf(Buffer.from('#!/bin/sh\n')).message).toContain('it is no ELF file');
    expect(errorOf(bpfObject(SOURCE, ['-g0'])).message).toContain('it has no BTF');
    const other = Buffer.from(object);
    other.writeUInt16LE(62, 18);
    expect(errorOf(other).message).toContain('ELF machine 62');
    expect(errorOf(object, { programs: ['missing'] }).message).toContain(
      'no program "missing", but count, tell, drop',
    );
    expect(errorOf(object, { variables: { missing: 1 } }).message).toContain('no constant "missing"');
  });

  it('by the verifier, with its reason and its log', () => {
    const before = fds();
    const bad = bpfObject(`${PRELUDE} SEC("xdp") int reach(struct xdp_md *ctx) {
      char *data = (char *)(long)ctx->data; return data[100]; }`);
    const error = errorOf(bad);
    expect(error.code).toBe('BPF_VERIFIER');
    expect(error.message).toMatch(/program reach: invalid access to packet/);
    expect(error.details['log']).toContain('processed');
    expect(fds()).toBe(before);
  });

  it('by a map that is larger than the memory, or a section that nobody knows', () => {
    expect(errorOf(object, { maxEntries: { hash: 0xffff_ffff } }).message).toMatch(
      /its maps take \d+ bytes of memory and limits.memory is 1073741824; hash has \d+ of them/,
    );
    const limit = Number.MAX_SAFE_INTEGER;
    expect(errorOf(object, { maxEntries: { hash: 0xffff_ffff }, memory: limit }).message).toContain(
      "map 'hash': failed to create",
    );
    const odd = bpfObject(`${PRELUDE} SEC("nowhere") int x(void *ctx) { return 0; }`);
    expect(errorOf(odd).message).toContain('nowhere');
  });
});
