// SPDX-License-Identifier: Apache-2.0
// What depends on how the kernel was built: programs as tunnels of routes, and parts of a kind that it lacks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unsupportedFeatures } from '../../src/observe/state/features.ts';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { pinnedProgram } from '../helpers/pinned-program.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 600, probes: ['none'] };

let ns: TestNetns;
let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-lacking-'));
  ns = await netns('wC');
  ns.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  ns.ip('link', 'set', 'v0', 'up');
  ns.ip('link', 'set', 'v1', 'up');
  ns.ip('address', 'add', '192.0.2.1/24', 'dev', 'v0');
});
afterEach(async () => {
  await ns?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const spec = (text: string) =>
  documentsIn(
    `apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: a }\nspec:\n  netns: ${ns.name}\n${text}`,
  );

it('a route runs the programs that are pinned, and plans to nothing afterwards', async () => {
  using program = pinnedProgram('lwt_xmit');
  await using test = testEngine(directory);
  if ((await unsupportedFeatures(await ns.io(), new Set(['encap bpf']))).size > 0) {
    console.log('skipped: this kernel has no encap bpf');
    return;
  }
  const way = `type: bpf, xmit: ${program.path}`;
  const documents = spec(`  nexthops:
    - { id: 7, gateway: 192.0.2.9, dev: v0, encap: { ${way} } }
  routes:
    - { dst: 198.51.100.0/24, gateway: 192.0.2.9, dev: v0, encap: { ${way}, headroom: 40 } }
    - dst: 203.0.113.0/24
      nexthops: [{ gateway: 192.0.2.9, dev: v0, encap: { ${way} } }, { gateway: 192.0.2.8, dev: v0 }]
`);
  const { engine } = test;
  const before = ns.ip('route');
  expect(await engine.apply({ documents, prune: false }, WISH, ASKER)).toMatchObject({
    status: 'unconfirmed',
  });
  expect(ns.ip('route').split(program.path)).toHaveLength(3);
  expect(ns.ip('nexthop')).toContain(`encap bpf xmit ${program.path}`);
  expect((await engine.plan({ documents, prune: false }, ASKER)).plan.actions).toEqual([]);
  await engine.rollback(undefined, WISH, ASKER);
  expect([ns.ip('route'), ns.ip('nexthop')]).toEqual([before, '']);
});

it('VLAN filtering of a bridge is refused in the plan where the kernel has none', async () => {
  await using test = testEngine(directory);
  const documents = spec('  links: [{ name: br0, kind: bridge, bridge: { vlan_filtering: 1 } }]\n');
  const lacking = (await unsupportedFeatures(await ns.io(), new Set(['bridge vlan_filtering']))).size > 0;
  const refusals = async () => {
    const { plan } = await test.engine.plan({ documents, prune: false }, ASKER);
    return plan.diagnostics.filter(({ code }) => code === 'UNSUPPORTED').map(({ message }) => message);
  };
  const refused = `netns ${ns.name} link br0: this kernel has no bridge vlan_filtering; CONFIG_BRIDGE_VLAN_FILTERING brings it`;
  expect(await refusals()).toEqual(lacking ? [refused] : []);
  // and of a bridge that is there already
  const plain = spec('  links: [{ name: br0, kind: bridge }]\n');
  await test.engine.apply({ documents: plain, prune: false }, { ...WISH, confirmSeconds: 0 }, ASKER);
  expect(await refusals()).toEqual(lacking ? [refused] : []);
});
