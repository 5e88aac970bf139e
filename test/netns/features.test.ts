// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ACTION_KINDS } from '../../src/kinds/filter/action/actions.ts';
import { FILTER_KINDS } from '../../src/kinds/filter/kinds.ts';
import { DECLARED_KINDS } from '../../src/kinds/link/declared.ts';
import { DECLARED_QDISCS } from '../../src/kinds/qdisc/declared.ts';
import { unsupportedFeatures } from '../../src/observe/state/features.ts';
import { netns } from '../helpers/netns.ts';

test('kinds of links are found by trying, and nothing changes', async () => {
  await using ns = await netns('wA');
  const kinds = DECLARED_KINDS.map(({ kind }) => kind).filter((kind) => kind !== 'tun');
  const before = ns.ip('-d', 'link');
  const missing = await unsupportedFeatures(await ns.io(), new Set(kinds.map((kind) => `link ${kind}`)));
  expect(ns.ip('-d', 'link')).toBe(before);
  const lacking = kinds.filter((kind) => !isKnown(ns.name, kind));
  expect([...missing].sort()).toEqual(lacking.map((kind) => `link ${kind}`).sort());
  expect(missing.has('link veth')).toBe(false);
  expect(await unsupportedFeatures(await ns.io(), new Set(['link nonsense']))).toContain('link nonsense');
});

test('VLAN filtering of bridges is found by trying', async () => {
  await using ns = await netns('wA');
  const missing = await unsupportedFeatures(await ns.io(), new Set(['bridge vlan_filtering']));
  expect(ns.ip('link')).not.toContain('bridge');
  const tried = spawnSync('ip', `-n ${ns.name} link add name probe0 type bridge vlan_filtering 1`.split(' '));
  expect(missing.has('bridge vlan_filtering')).toBe(tried.status !== 0);
});

test('kinds of tunnels of routes are found by trying, and nothing changes', async () => {
  await using ns = await netns('wA');
  ns.ip('link', 'set', 'lo', 'up');
  const kinds = ['mpls', 'ip', 'ip6', 'seg6', 'seg6local', 'bpf', 'ila', 'rpl', 'ioam6', 'xfrm'];
  const before = ns.ip('route', 'show', 'table', 'all');
  const missing = await unsupportedFeatures(await ns.io(), new Set(kinds.map((kind) => `encap ${kind}`)));
  expect(ns.ip('route', 'show', 'table', 'all')).toBe(before);
  const tried = { mpls: 'mpls 100', ip: 'ip id 1 dst 192.0.2.1', seg6: 'seg6 mode encap segs 2001:db8::1' };
  for (const [kind, words] of Object.entries(tried)) {
    const dst = kind === 'seg6' ? '2001:db8:1::/64' : '198.51.100.0/24';
    const added = spawnSync('ip', [
      '-n',
      ns.name,
      'route',
      'add',
      dst,
      'encap',
      ...words.split(' '),
      'dev',
      'lo',
    ]);
    expect(missing.has(`encap ${kind}`), kind).toBe(/not supported/.test(added.stderr.toString()));
  }
  expect(await unsupportedFeatures(await ns.io(), new Set(['encap 63']))).toContain('encap 63');
});

test('kinds of qdiscs are found by trying, and nothing changes', async () => {
  await using ns = await netns('wB1');
  // also beside one that is there
  ns.tc('qdisc', 'add', 'dev', 'lo', 'root', 'handle', '7:', 'pfifo', 'limit', '5');
  ns.tc('qdisc', 'add', 'dev', 'lo', 'clsact');
  const kinds = [...DECLARED_QDISCS.map(({ kind }) => kind), 'nonsense'];
  const before = ns.tc('-s', '-d', 'qdisc');
  const missing = await unsupportedFeatures(await ns.io(), new Set(kinds.map((kind) => `qdisc ${kind}`)));
  expect(ns.tc('-s', '-d', 'qdisc')).toBe(before);
  await using other = await netns('wB1');
  const lacking = kinds.filter((kind) => !isKnownQdisc(other.name, kind));
  expect([...missing].sort()).toEqual(lacking.map((kind) => `qdisc ${kind}`).sort());
  expect(missing.has('qdisc nonsense')).toBe(true);
  expect(missing.has('qdisc htb')).toBe(false);
});

/** Settings without which `tc` does not even ask the kernel. */
const NEEDED: Readonly<Record<string, string>> = {
  tbf: 'rate 1mbit burst 5kb limit 9kb',
  red: 'limit 400000 min 30000 max 90000 avpkt 1000 burst 55',
};

/** What the kernel says of a qdisc; `tc` itself has no use for kinds that it does not know. */
function isKnownQdisc(name: string, kind: string): boolean {
  if (kind === 'nonsense') return false;
  const settings = NEEDED[kind]?.split(' ') ?? [];
  const where = kind === 'ingress' || kind === 'clsact' ? [kind] : ['root', kind, ...settings];
  const tried = spawnSync('tc', ['-n', name, 'qdisc', 'replace', 'dev', 'lo', ...where]);
  return !tried.stderr.toString().includes('qdisc kind is unknown');
}

/** What `ip` is told when it asks for a device without any settings. */
function isKnown(name: string, kind: string): boolean {
  const added = spawnSync('ip', ['-n', name, 'link', 'add', 'name', 'probe0', 'type', kind]);
  if (added.status === 0) spawnSync('ip', ['-n', name, 'link', 'del', 'probe0']);
  return !added.stderr.toString().includes('Unknown device type');
}

test('kinds of filters and actions are found, and nothing changes', async () => {
  await using ns = await netns('wB2');
  const { filters, actions } = { filters: FILTER_KINDS, actions: ACTION_KINDS };
  const features = [
    ...filters.map(({ kind }) => `filter ${kind}`),
    ...actions.map(({ kind }) => `action ${kind}`),
  ];
  const missing = await unsupportedFeatures(await ns.io(), new Set([...features, 'action nonsense']));
  expect(missing.has('action nonsense')).toBe(true);
  for (const { kind } of actions) expect(ns.tc('actions', 'list', 'action', kind)).not.toContain('index');
  const tried = (...args: readonly string[]) =>
    spawnSync('tc', ['-n', ns.name, ...args])
      .stderr.toString()
      .includes('No such file or directory');
  ns.tc('qdisc', 'add', 'dev', 'lo', 'clsact');
  const filter = ['filter', 'add', 'dev', 'lo', 'ingress', 'protocol', 'ip', 'pref'];
  const lacking = [
    ...filters
      .filter(({ kind }, i) => tried(...filter, `${i + 1}`, kind))
      .map(({ kind }) => `filter ${kind}`),
    ...['drop', 'mirred egress mirror dev lo', 'skbedit mark 1', 'vlan pop']
      .filter((text) => tried('actions', 'add', 'action', ...text.split(' ')))
      .map((text) => `action ${text === 'drop' ? 'gact' : text.split(' ')[0]}`),
  ];
  // how the kernel was built is known only where it tells
  const told = [...missing].filter((one) => one.startsWith('filter ')).length > 0;
  for (const feature of lacking) if (told || feature.startsWith('action')) expect(missing).toContain(feature);
  for (const feature of ['filter u32', 'filter bpf', 'action mirred'])
    expect(missing.has(feature)).toBe(false);
});
