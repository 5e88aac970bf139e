// SPDX-License-Identifier: Apache-2.0
// Kinds that not every kernel is built with, each as a document: applied, shown by `ip` and `tc`, planned to nothing, and
// taken back to what was there. The kernel loads its modules by itself. Titles are the rows of docs/kernels.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { documentsIn, type TestEngine, testEngine } from '../../helpers/engine.ts';
import { shown } from '../../helpers/many-steps.ts';
import { netns, type TestNetns } from '../../helpers/netns.ts';
import { skipFor } from '../../helpers/skip.ts';
import { FILTERS, type KindCase, LINKS, QDISCS } from './kind-cases.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };
/** Carriers and addresses come a moment after the devices. */
const SETTLING = { interval: 200, timeout: 20_000 };

let directory: string;
let node: TestEngine;
let ns: TestNetns;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-kinds-'));
  node = testEngine(directory);
  ns = await cables();
});

afterAll(async () => {
  await ns?.[Symbol.asyncDispose]();
  await node?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

for (const [area, cases] of Object.entries({ link: LINKS, qdisc: QDISCS, filter: FILTERS }))
  describe(area, () => {
    test.for(Object.entries(cases))('%s', ([, one], context) => holds(one, context));
  });

async function holds(one: KindCase, context: TestContext): Promise<void> {
  const before = withoutKernels(ns);
  const wish = { documents: documentsIn(document(ns, one.spec)), prune: true };
  const lacking = await refusal(wish);
  if (lacking !== undefined) {
    await expect.poll(() => withoutKernels(ns), SETTLING).toEqual(before);
    skipFor(context, lacking);
  }
  try {
    await carried(one, wish, before);
  } catch (error) {
    // the next case finds a node without what this one left
    await node.engine.apply({ documents: [], prune: true }, WISH, ASKER).catch(() => {});
    await ns[Symbol.asyncDispose]();
    ns = await cables();
    throw error;
  }
}

async function carried(
  one: KindCase,
  wish: Parameters<TestEngine['engine']['plan']>[0],
  before: unknown,
): Promise<void> {
  const report = await node.engine.apply(wish, WISH, ASKER);
  expect(report, report.error).toMatchObject({ status: 'confirmed' });
  for (const [command, ...expected] of one.shown) {
    const text = inside(ns, command);
    for (const part of expected)
      if (typeof part === 'string') expect(text).toContain(part);
      else expect(text).toMatch(part);
  }
  expect((await node.engine.plan(wish, ASKER)).plan.actions).toEqual([]);
  const back = await node.engine.apply({ documents: [], prune: true }, WISH, ASKER);
  expect(back, back.error).toMatchObject({ status: 'confirmed' });
  await expect.poll(() => withoutKernels(ns), SETTLING).toEqual(before);
}

/** Devices and the rule that the kernel makes in every namespace once a module is there. */
const KERNELS = ['gre0', 'gretap0', 'erspan0', 'tunl0', 'sit0', 'ip6tnl0', 'ip6gre0', 'l3mdev', 'bond0'];

/** What `ip` and `tc` show, without those. */
function withoutKernels(ns: TestNetns): unknown {
  const own = (line: unknown) => !KERNELS.some((name) => String(line).includes(`"${name}"`));
  const { ip, tc } = shown(ns) as { readonly ip: readonly string[][]; readonly tc: readonly string[][] };
  return { ip: ip.map((list) => list.filter(own)), tc: tc.map((list) => list.filter(own)) };
}

/** The option that this kernel was built without, which Weir finds by trying. */
async function refusal(wish: Parameters<TestEngine['engine']['plan']>[0]): Promise<string | undefined> {
  const { diagnostics } = (await node.engine.plan(wish, ASKER)).plan;
  const problems = diagnostics.filter(({ severity }) => severity === 'error');
  const text = problems.map((one) => JSON.stringify(one)).join('\n');
  const [option] = /CONFIG_\w+/.exec(text) ?? [];
  if (option === undefined) expect(problems).toEqual([]);
  return option === undefined ? undefined : `this kernel is built without ${option}`;
}

/** Two cables of four queues, up. */
async function cables(): Promise<TestNetns> {
  const ns = await netns('vm');
  for (const end of ['x', 'y']) {
    const queues = ['numtxqueues', '4', 'numrxqueues', '4'];
    ns.ip('link', 'add', `${end}0`, ...queues, 'type', 'veth', 'peer', 'name', `${end}1`);
    for (const dev of [`${end}0`, `${end}1`]) ns.ip('link', 'set', dev, 'addrgenmode', 'none', 'up');
  }
  while (ns.ip('link').includes('NO-CARRIER')) await delay(100);
  return ns;
}

function document(ns: TestNetns, spec: KindCase['spec']): string {
  const whole = { netns: ns.name, ...spec };
  return JSON.stringify({
    apiVersion: 'weir.dev/v1',
    kind: 'Network',
    metadata: { name: 'kind' },
    spec: whole,
  });
}

function inside(ns: TestNetns, command: string): string {
  const [program, ...args] = command.split(' ');
  return program === 'tc' ? ns.tc(...args) : ns.ip(...args);
}
