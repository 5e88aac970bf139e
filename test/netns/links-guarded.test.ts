// SPDX-License-Identifier: Apache-2.0
// The order of steps around network policy: devices are made, policy is put on them, and they are set up.
import { expect, test } from 'vitest';
import { createExecutor } from '../../src/engine/execute/executor.ts';
import { noPolicies } from '../../src/engine/fake/no-policies.ts';
import { noPrograms } from '../../src/engine/fake/no-programs.ts';
import type { Spec } from '../../src/model/object.ts';
import type { Action } from '../../src/plan/plan.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

function making(spec: Spec & { readonly name: string }): Action {
  const { name } = spec;
  return { op: 'create', id: `link ${name}`, netns: '', class: 'link', key: name, after: spec };
}

const flagsOf = (ns: TestNetns): Readonly<Record<string, boolean>> =>
  Object.fromEntries(
    (JSON.parse(ns.ip('-j', 'link', 'show')) as { ifname: string; flags: string[]; master?: string }[])
      .filter(({ ifname }) => ifname !== 'lo')
      .map(({ ifname, flags, master }) => [ifname, flags.includes('UP') || master !== undefined]),
  );

/** Executes steps, and keeps which devices there were when they were to be protected, with whether packets passed them. */
async function executed(ns: TestNetns, actions: readonly Action[], keepGoing: boolean, refuses = false) {
  const asked: { readonly names: readonly string[]; readonly open: ReturnType<typeof flagsOf> }[] = [];
  const policies = {
    ...noPolicies,
    covers: (_: string, device: string) => device.startsWith('e'),
    protect: async (_: string, names: readonly string[]) => {
      asked.push({ names, open: flagsOf(ns) });
      if (refuses) throw new Error('no');
    },
  };
  const executor = createExecutor(() => ns.io(), { programs: noPrograms, policies });
  const failures = await executor.execute(actions, { keepGoing });
  return { asked, failed: failures.map(({ action }) => action.key), open: flagsOf(ns) };
}

const veth = (name: string, more: Spec = {}) =>
  making({ name, kind: 'veth', state: 'up', veth: { peer: `${name}p` }, ...more });
const BRIDGE = making({ name: 'br0', kind: 'bridge', state: 'up' });

test('devices with policy are made together and protected before packets pass any of them', async () => {
  await using ns = await netns('wP');
  const steps = [BRIDGE, veth('e0'), veth('e1', { master: 'br0' }), veth('a0'), veth('e2')];
  const { asked, failed, open } = await executed(ns, steps, false);
  expect(failed).toEqual([]);
  expect(asked).toEqual([
    { names: ['e0', 'e1'], open: { br0: true, e0: false, e0p: false, e1: false, e1p: false } },
    { names: ['e2'], open: expect.objectContaining({ e0: true, e1: true, a0: true, e2: false }) },
  ]);
  expect(open).toMatchObject({ e0: true, e1: true, e2: true });
  expect(JSON.parse(ns.ip('-j', 'link', 'show', 'e1'))).toMatchObject([
    { master: 'br0', flags: expect.arrayContaining(['UP']) },
  ]);
});

test('a device that cannot be made fails once, and the others are set up when that goes on', async () => {
  await using ns = await netns('wP');
  ns.ip('link', 'add', 'e1', 'type', 'bridge');
  const steps = [veth('e0'), veth('e1'), veth('e2')];
  expect(await executed(ns, steps, false)).toMatchObject({ asked: [], failed: ['e1'], open: { e0: false } });
  ns.ip('link', 'del', 'e0');
  expect(await executed(ns, steps, true)).toMatchObject({
    failed: ['e1'],
    open: { e0: true, e1: false, e2: true },
  });
});

test('devices whose policy cannot be put on them stay down', async () => {
  await using ns = await netns('wP');
  const { failed, open } = await executed(ns, [veth('e0'), veth('e1'), veth('a0')], true, true);
  expect(failed).toEqual(['e0', 'e1']);
  expect(open).toMatchObject({ e0: false, e1: false, a0: true });
});
