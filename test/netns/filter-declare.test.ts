// SPDX-License-Identifier: Apache-2.0
// Filters on the real kernel: what is declared, written and read back is the same, and `tc -j` sees it. Needs u32 and
// mirred; what this kernel may lack is in test/golden/request.

import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExecutor } from '../../src/engine/execute/executor.ts';
import { noPolicies } from '../../src/engine/fake/no-policies.ts';
import { noPrograms } from '../../src/engine/fake/no-programs.ts';
import { namespaces } from '../../src/kernel/namespaces.ts';
import { filter } from '../../src/kinds/filter/filter.ts';
import type { Change } from '../../src/kinds/object-class.ts';
import { objectId, type Spec } from '../../src/model/object.ts';
import { createStateReader } from '../../src/observe/state/reader.ts';
import type { Action } from '../../src/plan/plan.ts';
import { differing } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { pinnedProgram } from '../helpers/pinned-program.ts';

let ns: TestNetns;
const reader = createStateReader(namespaces(), noPrograms);

beforeAll(async () => {
  ns = await netns('wB2');
  for (const dev of ['v0', 'v1']) ns.ip('link', 'add', dev, 'type', 'veth', 'peer', 'name', `${dev}p`);
  ns.tc('qdisc', 'add', 'dev', 'v0', 'clsact');
  ns.tc('qdisc', 'add', 'dev', 'v0', 'root', 'handle', '1:', 'htb');
  ns.tc('class', 'add', 'dev', 'v0', 'parent', '1:', 'classid', '1:10', 'htb', 'rate', '1mbit');
  ns.tc('qdisc', 'add', 'dev', 'v1', 'handle', 'ffff:', 'ingress');
});
afterAll(() => ns?.[Symbol.asyncDispose]());

function declared(item: Spec): Spec {
  const problems: string[] = [];
  const [object] = filter.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  expect(problems).toEqual([]);
  return (object as { spec: Spec }).spec;
}

const write = async (change: Change) => expect(await tryWrite(change)).toEqual([]);

/** @returns what failed. */
async function tryWrite(change: Change) {
  const spec = (change.after ?? change.before) as Spec;
  const key = filter.key(spec);
  const action = {
    ...change,
    id: objectId('', 'filter', key),
    netns: '',
    class: 'filter',
    key,
  } as unknown as Action;
  return createExecutor(() => ns.io(), { programs: noPrograms, policies: noPolicies }).execute([action]);
}

async function read(key: string): Promise<Spec | undefined> {
  const found = await reader.read({ netns: ns.name, keys: new Map([['filter', new Set([key])]]) });
  return found.get(objectId(ns.name, 'filter', key))?.spec;
}

interface Case {
  readonly item: Spec;
  /** What `tc` writes of it. */
  readonly shown: readonly string[];
}

const toV1 = { kind: 'mirred', mirred: { redirect: 'egress', dev: 'v1' } };
const CASES: Readonly<Record<string, Case>> = {
  'u32 of words': {
    item: {
      parent: '1:',
      priority: 10,
      protocol: 'ip',
      kind: 'u32',
      u32: { match: [{ at: 0, value: '0x00b80000', mask: '0x00fc0000' }] },
      classid: '1:10',
    },
    shown: ['protocol ip pref 10 u32', 'flowid 1:10', 'match 00b80000/00fc0000 at 0'],
  },
  'u32 of fields': {
    item: {
      parent: 'ingress',
      priority: 11,
      protocol: 'ip',
      kind: 'u32',
      u32: { src: '10.1.2.3/8', dst: '192.0.2.1', protocol: 'tcp', sport: 1024, dport: 80 },
      actions: [toV1],
    },
    shown: [
      'match 00060000/00ff0000 at 8',
      'match 0a000000/ff000000 at 12',
      'match c0000201/ffffffff at 16',
      'match 04000050/ffffffff at 20',
      'mirred (Egress Redirect to device v1) stolen',
    ],
  },
  'u32 of IPv6 in a chain': {
    item: {
      parent: 'egress',
      chain: 7,
      priority: 12,
      protocol: 'ipv6',
      kind: 'u32',
      u32: { src: '2001:db8::/33', protocol: 17, sport: 53 },
      actions: [toV1],
    },
    shown: [
      'protocol ipv6 pref 12 u32 chain 7',
      'match 00001100/0000ff00 at 4',
      'match 20010db8/ffffffff at 8',
      'match 00000000/80000000 at 12',
      'match 00350000/ffff0000 at 40',
    ],
  },
  'u32 of everything': {
    item: {
      parent: 'ingress',
      priority: 13,
      kind: 'u32',
      actions: [
        { kind: 'mirred', mirred: { mirror: 'ingress', dev: 'v1' } },
        { kind: 'mirred', mirred: { mirror: 'egress', dev: 'v1', verdict: 'continue' } },
      ],
    },
    shown: [
      'protocol all pref 13',
      'match 00000000/00000000 at 0',
      'mirred (Ingress Mirror to device v1) pipe',
      'mirred (Egress Mirror to device v1) continue',
    ],
  },
  'u32 of other headers': {
    item: {
      parent: 'egress',
      priority: 14,
      protocol: 'arp',
      kind: 'u32',
      u32: {
        match: [
          { at: 'nexthdr+4', value: 7 },
          { at: -12, value: 1, mask: 255 },
        ],
        skip_hw: true,
      },
      classid: 'A:b',
    },
    shown: [
      'flowid a:b',
      'skip_hw',
      'match 00000007/ffffffff at nexthdr+4',
      'match 00000001/000000ff at -12',
    ],
  },
  'a filter of an ingress qdisc': {
    item: { dev: 'v1', parent: 'ingress', under: 'ingress', priority: 1, kind: 'u32', classid: '1:1' },
    shown: ['pref 1 u32', 'flowid 1:1'],
  },
};

describe('filters are what the kernel reports once they were written, and go', () => {
  it.for(Object.entries(CASES))('%s', ([, one]) => roundTrip(one));

  it('bpf', async () => {
    using program = pinnedProgram();
    const { path } = program;
    await roundTrip({
      item: {
        parent: 'egress',
        priority: 15,
        protocol: 'ip',
        kind: 'bpf',
        bpf: { pinned: path, direct_action: true },
      },
      shown: [path, 'direct-action', 'jited'],
    });
    expect(openPrograms()).toEqual([]);
    const lost = declared({
      dev: 'v0',
      parent: 'egress',
      priority: 15,
      kind: 'bpf',
      bpf: { pinned: `${path}x` },
    });
    expect(await tryWrite({ op: 'create', after: lost })).toHaveLength(1);
  });
});

/** Descriptors of programs that this process holds. */
const openPrograms = () =>
  readdirSync('/proc/self/fd', { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map(({ name }) => linkOf(`/proc/self/fd/${name}`))
    .filter((link) => link.includes('bpf-prog'));

/** The descriptor of the listing itself is gone by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

async function roundTrip({ item, shown }: Case): Promise<void> {
  const after = declared({ dev: 'v0', ...item });
  const key = filter.key(after);
  expect(await read(key)).toBeUndefined();
  await write({ op: 'create', after });
  const seen = (await read(key)) as Spec;
  expect(differing(filter, after, seen, true)).toEqual([]);
  const again = declared(filter.item?.(seen) as Spec);
  expect(differing(filter, again, seen, true)).toEqual([]);
  const text = tcText(after);
  for (const part of shown) expect(text).toContain(part);
  // in the place of the one that was there
  await write({ op: 'change', before: seen, after });
  expect(await read(key)).toEqual(seen);
  await write({ op: 'remove', before: seen });
  expect(await read(key)).toBeUndefined();
  expect(tcText(after)).toBe('');
}

function tcText({ dev, parent }: Spec): string {
  const where = /:/.test(String(parent)) ? ['parent', String(parent)] : [String(parent)];
  return ns
    .tc('filter', 'show', 'dev', String(dev), ...where)
    .replaceAll(/\s+/g, ' ')
    .trim();
}

describe('filters that others made', () => {
  it('are shown as what no document says', async () => {
    const add = (...rest: readonly string[]) => ns.tc('filter', 'add', 'dev', 'v0', 'ingress', ...rest);
    add(...'pref 20 protocol ip u32 match u32 0 0 classid 1:1'.split(' '));
    add(...'pref 20 protocol ip u32 match u32 1 1 at 0 classid 1:2'.split(' '));
    add(...'pref 21 protocol ip handle 9: u32 divisor 4'.split(' '));
    add(...'pref 21 protocol ip u32 match u32 0 0 at 0 link 9: offset at 0 mask 0f00 shift 6'.split(' '));
    add(...'pref 22 protocol ip u32 match ip dst 192.0.2.1/32 classid 1:1'.split(' '));
    const key = (priority: number) => `dev v0 parent ingress priority ${priority}`;
    expect(await read(key(20))).toMatchObject({ other: ['handle'] });
    expect(await read(key(21))).toMatchObject({ other: ['link'] });
    const found = await reader.read({ netns: ns.name, keys: new Map(), all: true });
    const filters = [...found.values()].filter((one) => one.class === 'filter');
    expect(filters.map((one) => one.key)).toEqual([key(22)]);
    expect(filters[0]?.spec).toEqual({
      ...declared({
        dev: 'v0',
        parent: 'ingress',
        priority: 22,
        protocol: 'ip',
        kind: 'u32',
        u32: { dst: '192.0.2.1' },
      }),
      under: undefined,
      classid: '1:1',
    });
    // all of a priority goes at once
    await write({ op: 'remove', before: (await read(key(20))) as Spec });
    expect(await read(key(20))).toBeUndefined();
  });
});
