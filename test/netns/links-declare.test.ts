// SPDX-License-Identifier: Apache-2.0
// What a document says of a link is what the kernel reports after it was written, and what `ip` shows.
import { describe, expect, test } from 'vitest';
import { complaints } from '../../src/base/validate.ts';
import { Encoder } from '../../src/codec/encoder.ts';
import { inTwo } from '../../src/engine/execute/opening.ts';
import { NETLINK } from '../../src/kernel/ports.ts';
import { link } from '../../src/kinds/link/link.ts';
import type { Change } from '../../src/kinds/object-class.ts';
import type { Spec } from '../../src/model/object.ts';
import { readLinkSpecs } from '../../src/observe/state/links.ts';
import { differing } from '../../src/plan/settings.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { recordingSink } from '../helpers/recording-sink.ts';

const NLM_F_REQUEST = 1;

/** What a link is made with, and what it is changed to. */
const CASES: Readonly<Record<string, { readonly made: Spec; readonly changed: Spec }>> = {
  veth: {
    made: { kind: 'veth', veth: { peer: 'other' }, state: 'up', mtu: 1400, address: '02:00:00:00:00:01' },
    changed: { kind: 'veth', veth: { peer: 'other' }, state: 'down', mtu: 9000, ifalias: 'uplink', group: 7 },
  },
  ifb: {
    made: { kind: 'ifb', txqlen: 64, arp: false, num_tx_queues: 2, num_rx_queues: 2 },
    changed: { kind: 'ifb', txqlen: 32, arp: true, allmulticast: true, promisc: true },
  },
  bridge: {
    made: {
      kind: 'bridge',
      state: 'up',
      bridge: { forward_delay: 400, ageing_time: 1000, mcast_snooping: 0, group_fwd_mask: '0x8' },
    },
    changed: {
      kind: 'bridge',
      altnames: ['zwei', 'eins'],
      inet6_addr_gen_mode: 'none',
      bridge: { forward_delay: 500, hello_time: 300, stp_state: 1, priority: 4096, no_linklocal_learn: 1 },
    },
  },
  vxlan: {
    made: {
      kind: 'vxlan',
      state: 'up',
      vxlan: { id: 100, remote: '192.0.2.9', local: '192.0.2.1', link: 'lower', port: 4789, ttl: 64 },
    },
    changed: {
      kind: 'vxlan',
      vxlan: { id: 100, remote: '192.0.2.8', local: '192.0.2.1', learning: false, tos: 16, ageing: 60 },
    },
  },
  vxlan6: {
    made: { kind: 'vxlan', vxlan: { id: 7, remote: '2001:db8::9', port: 4790, gbp: true, label: '0x10' } },
    changed: { kind: 'vxlan', vxlan: { id: 7, remote: '2001:db8::8', df: 'set', label: 0 } },
  },
  macvlan: {
    made: { kind: 'macvlan', link: 'lower', macvlan: { mode: 'bridge', bcqueuelen: 2000 } },
    changed: { kind: 'macvlan', link: 'lower', macvlan: { mode: 'vepa', nopromisc: true } },
  },
  macvtap: {
    made: { kind: 'macvtap', link: 'lower', macvtap: { mode: 'vepa' } },
    changed: { kind: 'macvtap', link: 'lower', macvtap: { mode: 'private' } },
  },
  port: {
    made: { kind: 'ifb', state: 'up', master: 'bridge9', port: { learning: false, cost: 12 } },
    changed: {
      kind: 'ifb',
      state: 'up',
      master: 'bridge9',
      port: { hairpin: true, isolated: true, cost: 13 },
    },
  },
};

describe('a declared link is what the kernel reports', () => {
  test.for(Object.entries(CASES))('%s', async ([, { made, changed }]) => {
    await using ns = await netns('wA');
    ns.ip('link', 'add', 'lower', 'type', 'veth', 'peer', 'name', 'far');
    ns.ip('link', 'add', 'name', 'bridge9', 'type', 'bridge');
    const first = declared({ name: 'x0', ...made });
    await write(ns, { op: 'create', after: first });
    expect(await difference(ns, first)).toEqual([]);
    shownByIp(ns, first);
    const before = (await specs(ns)).get('x0') as Spec;
    const second = declared({ name: 'x0', ...changed });
    const after = joined(before, second);
    await write(ns, { op: 'change', before, after });
    expect(await difference(ns, second)).toEqual([]);
    expect(await difference(ns, after)).toEqual([]);
    shownByIp(ns, second);
    // and back again
    await write(ns, { op: 'change', before: (await specs(ns)).get('x0') as Spec, after: before });
    expect((await specs(ns)).get('x0')).toEqual(before);
    await write(ns, { op: 'remove', before });
    expect((await specs(ns)).has('x0')).toBe(false);
    // as a rollback makes it: with everything that was read
    await write(ns, { op: 'create', after: before });
    expect((await specs(ns)).get('x0')).toEqual(before);
    await write(ns, { op: 'remove', before });
    // as network policy has it made: down and without a master, which come later
    const action = {
      op: 'create',
      id: 'link x0',
      netns: '',
      class: 'link',
      key: 'x0',
      after: before,
    } as const;
    const { making, opening } = inTwo(action);
    await write(ns, making as Change);
    expect(JSON.parse(ns.ip('-j', 'link', 'show', 'x0'))[0].flags).not.toContain('UP');
    await write(ns, opening);
    expect((await specs(ns)).get('x0')).toEqual(before);
  });

  test('a veth makes both ends, and its item says so', async () => {
    await using ns = await netns('wA');
    await write(ns, { op: 'create', after: declared({ name: 'a', kind: 'veth', veth: { peer: 'b' } }) });
    const seen = await specs(ns);
    expect([...seen.keys()].sort()).toEqual(['a', 'b', 'lo']);
    const items = ['a', 'b'].map((name) => link.item?.(seen.get(name) as Spec));
    expect(items.map((item) => item?.['veth'])).toEqual([{ peer: 'b' }, { peer_of: 'a' }]);
    expect(['a', 'b'].map((name) => link.innate?.(seen.get(name) as Spec))).toEqual([false, true]);
  });

  test('what is observed can be declared, and is then the same', async () => {
    await using ns = await netns('wA');
    ns.ip('link', 'add', 'br0', 'type', 'bridge');
    ns.ip('link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b');
    ns.ip('link', 'set', 'dev', 'a', 'master', 'br0', 'up');
    ns.ip(
      'link',
      'add',
      'vx0',
      'type',
      'vxlan',
      'id',
      '5',
      'group',
      '239.0.0.1',
      'dev',
      'a',
      'dstport',
      '4789',
    );
    ns.ip('link', 'add', 'mv0', 'link', 'b', 'type', 'macvlan', 'mode', 'passthru');
    for (const spec of (await specs(ns)).values()) {
      const again = declared(link.item?.(spec) as Spec);
      expect(differing(link, again, spec, false)).toEqual([]);
    }
  });
});

function declared(item: Spec): Spec {
  expect(complaints(link.section!.schema, item)).toEqual([]);
  const problems: string[] = [];
  const found = link.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`));
  expect(problems).toEqual([]);
  return found?.[0]?.spec as Spec;
}

async function specs(ns: TestNetns): Promise<ReadonlyMap<string, Spec>> {
  return new Map((await readLinkSpecs(await ns.io())).map((spec) => [String(spec['name']), spec]));
}

async function difference(ns: TestNetns, wanted: Spec): Promise<readonly string[]> {
  const seen = (await specs(ns)).get(String(wanted['name'])) ?? {};
  return differing(link, wanted, seen, false).map((field) => `${field} of ${JSON.stringify(seen)}`);
}

/** `ip` shows the declared values, too: what we write wrong and read wrong would agree with itself. */
function shownByIp(ns: TestNetns, spec: Spec): void {
  const [seen] = JSON.parse(ns.ip('-j', '-d', 'link', 'show', 'dev', 'x0')) as [Record<string, unknown>];
  const flags = seen['flags'] as readonly string[];
  const named = (name: string, value: unknown, flag: string, on: unknown) => {
    if (value !== undefined) expect(flags.includes(flag), name).toBe(value === on);
  };
  named('state', spec['state'], 'UP', 'up');
  named('arp', spec['arp'], 'NOARP', false);
  named('promisc', spec['promisc'], 'PROMISC', true);
  named('allmulticast', spec['allmulticast'], 'ALLMULTI', true);
  for (const name of ['mtu', 'address', 'txqlen', 'ifalias', 'group', 'master', 'num_tx_queues'])
    if (spec[name] !== undefined) expect(seen[name]).toEqual(spec[name]);
  const info = seen['linkinfo'] as Record<string, Record<string, unknown>>;
  for (const name of [
    'forward_delay',
    'hello_time',
    'priority',
    'id',
    'remote',
    'local',
    'port',
    'mode',
    'label',
  ]) {
    const own = spec[String(spec['kind'])] as Spec | undefined;
    if (typeof own?.[name] === 'number' || name === 'mode')
      if (own?.[name] !== undefined) expect(info['info_data']?.[name]).toEqual(own[name]);
  }
}

function joined(before: Spec, over: Spec): Spec {
  const both = Object.entries(over).map(([name, value]) => {
    const old = before[name];
    const nested = typeof value === 'object' && !Array.isArray(value) && typeof old === 'object';
    return [name, nested ? { ...old, ...value } : value];
  });
  return { ...before, ...Object.fromEntries(both) };
}

/** Send each message, as an executor does. */
async function write(ns: TestNetns, change: Change): Promise<void> {
  const indexes = JSON.parse(ns.ip('-j', 'link')) as { ifname: string; ifindex: number }[];
  const { sink, operations } = recordingSink(
    Object.fromEntries(indexes.map(({ ifname, ifindex }) => [ifname, ifindex])),
  );
  link.write(change, sink);
  const out = new Encoder();
  for (const operation of operations) {
    if (operation.op !== 'rtnl') throw new Error(`cannot carry out ${operation.op}`);
    const mark = out.messageBegin(operation.type, operation.flags | NLM_F_REQUEST);
    out.raw(operation.payload);
    out.messageEnd(mark);
  }
  const transport = await (await ns.io()).netlink(NETLINK.ROUTE);
  const failures = await transport.submit(out.batch(), { ack: 'each' });
  expect(failures.map((failure) => JSON.stringify(failure))).toEqual([]);
}
