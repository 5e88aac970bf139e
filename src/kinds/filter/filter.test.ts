// SPDX-License-Identifier: Apache-2.0
// What is written is what is read, also of kinds that the kernel of a test may lack.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingSink } from '../../../test/helpers/recording-sink.ts';
import { complaints } from '../../base/validate.ts';
import { wireOf } from '../../base/wire.ts';
import { decodeTcAttrs, decodeTcmsg, TCMSG_SIZE } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import { FilterItem, filter } from './filter.ts';
import { flower as flowerKind } from './flower.ts';
import { observedFilter } from './observed.ts';

const IFINDEX = { eth0: 3, eth1: 4 };
const nameOf = (ifindex: number) => (ifindex === IFINDEX.eth0 ? 'eth0' : 'eth1');

function declared(item: Spec): { spec: Spec; problems: readonly string[] } {
  const problems = complaints(FilterItem, item).map(({ path, problem }) => `${path}: ${problem}`);
  if (problems.length > 0) return { spec: {}, problems };
  const [object] = filter.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  return { spec: (object as { spec: Spec }).spec, problems };
}

function writtenAndRead(spec: Spec): Spec {
  const { sink, operations } = recordingSink(IFINDEX);
  filter.write(
    { op: 'create', after: spec },
    { ...sink, rtnl: sink.rtnl, ifindex: sink.ifindex, bpf: () => 9 },
  );
  const [first] = operations;
  if (first?.op !== 'rtnl') throw new Error('nothing was written');
  const [wire, end] = [wireOf(first.payload), first.payload.length];
  const { options, ...attrs } = decodeTcAttrs(wire, TCMSG_SIZE, end);
  // a program's descriptor is not reported
  const { fd: _, ...reported } = options as unknown as Spec;
  const message = {
    header: decodeTcmsg(wire, 0, TCMSG_SIZE),
    attrs: { ...attrs, options: reported as never },
  };
  return observedFilter(message, undefined, nameOf);
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const u = (bits: number, min = 0) => fc.integer({ min, max: 2 ** bits - 1 });
const record = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .record(fields)
    .map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)));
const hex = u(32).map((value) => `0x${value.toString(16)}`);
const verdict = fc.constantFrom(
  'ok',
  'pass',
  'drop',
  'pipe',
  'continue',
  'reclassify',
  'stolen',
  'trap',
  'goto chain 9',
);
const four = fc.ipV4().chain((ip) => fc.integer({ min: 1, max: 32 }).map((length) => `${ip}/${length}`));
const six = fc.ipV6().chain((ip) => fc.integer({ min: 1, max: 128 }).map((length) => `${ip}/${length}`));
const mac = fc
  .array(u(8), { minLength: 6, maxLength: 6 })
  .map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':'));
const classid = fc.oneof(
  fc.tuple(u(16), u(16)).map(([major, minor]) => `${major.toString(16)}:${minor.toString(16)}`),
  fc.constantFrom('ffff:fff2', 'ffff:fff3', '1:0'),
);
const at = fc.integer({ min: -8, max: 40 }).map((words) => words * 4);
const offload = { skip_hw: maybe(fc.constant(true)), skip_sw: maybe(fc.constant(true)) };

const vlanTag = record({
  vlan_action: fc.constantFrom('push', 'modify'),
  id: fc.integer({ min: 0, max: 4094 }),
  priority: maybe(u(3)),
  protocol: maybe(fc.constantFrom('802.1Q', '802.1ad')),
  verdict: maybe(verdict),
});
const ACTIONS: Readonly<Record<string, fc.Arbitrary<Spec>>> = {
  mirred: fc
    .tuple(fc.constantFrom('redirect', 'mirror'), fc.constantFrom('ingress', 'egress'), maybe(verdict))
    .map(([what, side, word]) => ({ [what]: side, dev: 'eth1', ...(word && { verdict: word }) })),
  gact: record({ verdict }),
  skbedit: record({
    mark: u(32),
    mask: maybe(u(32)),
    priority: maybe(classid),
    queue_mapping: maybe(u(16)),
    ptype: maybe(fc.constantFrom('host', 'broadcast', 'multicast', 'otherhost')),
    verdict: maybe(verdict),
  }),
  vlan: fc.oneof(vlanTag, record({ vlan_action: fc.constant('pop'), verdict: maybe(verdict) })),
  pedit: record({
    keys: fc.array(
      record({
        header: maybe(fc.constantFrom('network', 'eth', 'ip4', 'ip6', 'tcp', 'udp')),
        at,
        value: hex,
        mask: maybe(hex),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    verdict: maybe(verdict),
  }),
  police: record({
    rate: fc.oneof(fc.integer({ min: 1000, max: 2 ** 36 }), fc.constantFrom('1mbit', '10gbit', '100gbit')),
    burst: fc.integer({ min: 1, max: 65_536 }),
    mtu: maybe(fc.integer({ min: 64, max: 65_536 })),
    exceed: maybe(verdict),
    conform: maybe(verdict),
  }),
};
const action = fc.oneof(
  ...Object.entries(ACTIONS).map(([kind, settings]) => settings.map((one) => ({ kind, [kind]: one }))),
);

const ports = {
  ip_proto: fc.constantFrom('tcp', 'udp', 'sctp'),
  src_port: maybe(u(16)),
  dst_port: maybe(u(16)),
};
const flower = (family: fc.Arbitrary<string>) =>
  record({
    src_mac: maybe(mac),
    dst_mac: maybe(mac),
    src_ip: maybe(family),
    dst_ip: maybe(family),
    ...ports,
    ...offload,
  });
const distinct = { selector: (one: object) => String((one as Spec)['at']), maxLength: 5 };
const match = fc.uniqueArray(
  record({ at: fc.oneof(at, fc.constant('nexthdr+4')), value: hex, mask: maybe(hex) }),
  distinct,
);
const ends = {
  src: maybe(four),
  protocol: maybe(fc.constantFrom('tcp', 99)),
  sport: maybe(u(16)),
  dport: maybe(u(16)),
};

const KINDS: Readonly<Record<string, fc.Arbitrary<Spec>>> = {
  'u32 of words': record({
    protocol: fc.constant('all'),
    kind: fc.constant('u32'),
    u32: record({ match, ...offload }),
  }),
  'u32 of fields': record({ protocol: fc.constant('ip'), kind: fc.constant('u32'), u32: record(ends) }),
  'flower of IPv4': record({
    protocol: fc.constant('ip'),
    kind: fc.constant('flower'),
    flower: flower(four),
  }),
  'flower of IPv6': record({
    protocol: fc.constant('ipv6'),
    kind: fc.constant('flower'),
    flower: flower(six),
  }),
  'flower of VLANs': record({
    protocol: fc.constantFrom('802.1Q', '802.1ad'),
    kind: fc.constant('flower'),
    flower: record({
      vlan_id: u(12),
      vlan_prio: maybe(u(3)),
      vlan_ethtype: fc.constant('ip'),
      dst_ip: maybe(four),
      ...ports,
    }),
  }),
  matchall: record({ kind: fc.constant('matchall'), matchall: maybe(record(offload)) }),
  fw: record({ kind: fc.constant('fw'), fw: record({ mark: u(32, 1), mask: maybe(u(32, 1)) }) }),
  bpf: record({
    kind: fc.constant('bpf'),
    bpf: record({
      pinned: fc.constant('/sys/fs/bpf/x'),
      direct_action: maybe(fc.constant(true)),
      ...offload,
    }),
  }),
};
const place = {
  dev: fc.constant('eth0'),
  parent: fc.constantFrom('ingress', 'egress', '1:', 'ffA0:'),
  priority: u(16, 1),
  chain: maybe(u(28)),
  classid: maybe(classid),
  actions: maybe(fc.array(action, { minLength: 1, maxLength: 4 })),
};

describe('a filter that is written is read as it was declared', () => {
  it.for(Object.entries(KINDS))('%s', ([, kind]) => {
    fc.assert(
      fc.property(record(place), kind, (where, what) => {
        const { spec, problems } = declared({ ...where, ...what });
        expect(problems).toEqual([]);
        expect(writtenAndRead(spec)).toEqual(spec);
        expect(declared(filter.item?.(spec) as Spec)).toEqual({ spec, problems: [] });
      }),
      { numRuns: 300 },
    );
  });
});

it('knows the protocol behind a VLAN tag, which the kernel reports twice', () => {
  const keys = { keyVlanId: 5, keyVlanEthType: 0x86dd, flags: 8 };
  const observed = flowerKind.observed({ ...keys, keyEthType: 0x86dd }, '802.1Q', 1);
  expect(observed).toEqual({ vlan_id: 5, vlan_ethtype: 'ipv6' });
  expect(flowerKind.observed({ keyVlanId: 5 }, '802.1Q', 1)).toEqual({ vlan_id: 5 });
  expect(flowerKind.observed({ keyEthType: 0x0800 }, 'ipv6', 1)).toEqual({ eth_type: 'ip' });
});

describe('a filter is refused', () => {
  const base = { dev: 'eth0', parent: 'ingress', priority: 1 };
  const u32 = { ...base, kind: 'u32' };
  it.for<readonly [Spec, string]>([
    [
      {
        ...u32,
        protocol: 'ip',
        u32: { src: '10.0.0.1', match: [{ at: 12, value: '0x0b000000', mask: '0xff000000' }] },
      },
      'u32.match: asks two things of the word at 12: no packet would match',
    ],
    [{ ...base, kind: 'fw' }, 'fw: is missing: it has the settings'],
    [{ ...u32, fw: { mark: 1 } }, 'fw: belongs to filters of kind fw: set `kind: fw` or leave it out'],
    [{ ...u32, u32: { src: '10.0.0.1' } }, 'u32.src: needs `protocol: ip` or `protocol: ipv6` of the filter'],
    [{ ...u32, actions: [{ kind: 'gact' }] }, 'actions.0.gact: is missing: it has the settings'],
    [
      { ...u32, actions: [{ kind: 'mirred', mirred: { dev: 'eth1' } }] },
      'actions.0.mirred.redirect: or `mirror` must be given, and not both',
    ],
    [
      { ...base, kind: 'flower', protocol: 'ip', flower: { dst_port: 1 } },
      'flower.dst_port: needs `ip_proto: tcp`, `udp` or `sctp`',
    ],
    [
      { ...base, kind: 'flower', protocol: 'ip', flower: { dst_ip: '2001:db8::' } },
      'flower.dst_ip: needs `protocol: ipv6` of the filter',
    ],
    [{ ...u32, actions: [{ kind: 'vlan', vlan: { vlan_action: 'push' } }] }, 'actions.0.vlan.id: is missing'],
  ])('%j', ([item, problem]) => {
    expect(declared(item).problems).toContain(problem);
  });
});
