// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { DECLARED_KINDS } from '../../src/kinds/link/declared.ts';
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

/** What `ip` is told when it asks for a device without any settings. */
function isKnown(name: string, kind: string): boolean {
  const added = spawnSync('ip', ['-n', name, 'link', 'add', 'name', 'probe0', 'type', kind]);
  if (added.status === 0) spawnSync('ip', ['-n', name, 'link', 'del', 'probe0']);
  return !added.stderr.toString().includes('Unknown device type');
}
