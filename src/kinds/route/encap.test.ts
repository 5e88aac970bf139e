// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { payloadOf } from '../../codec/encoder.ts';
import { encodeRouteAttrs } from '../../codec/generated/rt-route.ts';
import type { Spec } from '../../model/object.ts';
import { declareEncap, type EncapSpec, encapAttrs, encapSpec, encapType } from './encap.ts';

function declared(item: object): Spec {
  return declareEncap(item as EncapSpec, 'encap', (path, problem) => {
    throw new Error(`${path}: ${problem}`);
  });
}

describe('a tunnel of a route', () => {
  it.each([
    {
      type: 'ip',
      id: 5,
      src: '192.0.2.1',
      dst: '192.0.2.9',
      ttl: 9,
      tos: 4,
      key: true,
      csum: true,
      seq: true,
    },
    { type: 'ip6', dst: '2001:db8::9', ttl: 3, tos: 4 },
    { type: 'mpls', dst: '100/200', ttl: 7 },
    { type: 'seg6', mode: 'l2encap', segs: ['2001:db8::a', '2001:db8::b'] },
    { type: 'seg6', mode: 'inline', segs: ['2001:db8::a', '::'] },
    { type: 'seg6local', action: 'End.DX4', nh4: '192.0.2.1' },
    { type: 'ioam6', raw: '0800010000000000' },
    { type: 'bpf', in: '/sys/fs/bpf/a', out: '/sys/fs/bpf/b', xmit: '/sys/fs/bpf/c' },
  ])('%j is what its attributes say', (item) => {
    const spec = declared(item);
    expect(spec).toEqual(item);
    expect(encapSpec(encapType(spec as EncapSpec), encapAttrs(spec as EncapSpec))).toEqual(item);
  });

  it('has the bytes that ip sends for labels', () => {
    const rtaEncap = encapAttrs({ type: 'mpls', dst: '100/200', ttl: 9 });
    const bytes = payloadOf((out) => encodeRouteAttrs(out, { rtaEncap }));
    // RTA_ENCAP nested: MPLS_IPTUNNEL_DST 100, 200 with the bottom bit, MPLS_IPTUNNEL_TTL
    expect(Buffer.from(bytes).toString('hex')).toBe('180016800c00010000064000000c81000500020009000000');
  });

  it('is kept as bytes where its settings do not say all', () => {
    const srh = new Uint8Array(4 + 8 + 16 + 8);
    srh.set([1, 0, 0, 0, 59, 3, 4, 0, 0, 0, 0, 0]);
    const kept = encapSpec(5, { kind: 'seg6', srh }) as EncapSpec;
    expect(kept).toEqual({ type: 'seg6', raw: `28000100${Buffer.from(srh).toString('hex')}` });
    expect(declared(kept)).toEqual(kept);
    const other = encapSpec(7, { kind: 'seg6local', action: 1, counters: Uint8Array.of(1, 2) });
    expect(other).toMatchObject({ type: 'seg6local', raw: expect.stringMatching(/^[0-9a-f]+$/) });
    const unknown = {
      kind: 'ip',
      dst: new Uint8Array(4),
      unknown: [{ type: 99, data: Uint8Array.of(7) }],
    } as const;
    expect(encapSpec(2, unknown)).toMatchObject({ raw: expect.stringContaining('0500630007') });
  });

  it.each([
    [{ type: 'mpls', dst: '100/x' }, 'encap: label stack "100/x": must be labels like 100/200'],
    [{ type: 'seg6', segs: ['192.0.2.1'] }, 'encap: segment "192.0.2.1": is no IPv6 address'],
    [{ type: 'rpl' }, 'encap.raw: is missing'],
    [{ type: 'bpf', headroom: 8 }, 'encap: has no program: give in, out or xmit'],
    [{ type: 'ip' }, 'encap.dst: is missing'],
  ])('%j cannot be', (item, problem) => {
    const problems: string[] = [];
    declareEncap(item as EncapSpec, 'encap', (path, text) => problems.push(`${path}: ${text}`));
    expect(problems).toEqual([problem]);
  });
});
