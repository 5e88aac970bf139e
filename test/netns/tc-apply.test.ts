// SPDX-License-Identifier: Apache-2.0
// Documents with qdiscs and classes carried out by the engine: no plan is left, and what was there comes back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { documentsIn, type TestEngine, testEngine } from '../helpers/engine.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

const tree = (rate: string, more = '') => `
  qdiscs:
    - { dev: x0, parent: '1:10', handle: '10:', kind: pfifo, pfifo: { limit: 50 } }
    - { dev: x0, kind: htb, handle: '1:', htb: { default: '20' } }
    - { dev: x1, kind: tbf, tbf: { rate: 10mbit, burst: 15kb, latency: 50ms } }
    - { dev: x1, kind: clsact }
  classes:
    - { dev: x0, classid: '1:10', parent: '1:1', kind: htb, htb: { rate: ${rate}, ceil: 100mbit ${more} } }
    - { dev: x0, classid: '1:20', parent: '1:1', kind: htb, htb: { rate: 15mbit, ceil: 100mbit } }
    - { dev: x0, classid: '1:1', kind: htb, htb: { rate: 100mbit } }`;

let ns: TestNetns;
let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-tc-'));
  ns = await netns('wB1');
  ns.ip('link', 'add', 'x0', 'type', 'veth', 'peer', 'name', 'x1');
  for (const dev of ['x0', 'x1']) ns.ip('link', 'set', dev, 'up');
});

afterEach(async () => {
  await ns[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const wish = (spec: string) => ({
  documents: documentsIn(
    `apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: t }\nspec:\n  netns: ${ns.name}\n${spec}\n`,
  ),
  prune: false,
});

async function apply({ engine }: TestEngine, spec: string): Promise<void> {
  const report = await engine.apply(wish(spec), WISH, ASKER);
  expect(report, report.error).toMatchObject({ status: 'confirmed' });
  expect((await engine.plan(wish(spec), ASKER)).plan.actions).toEqual([]);
}

/** Without the counter of packets that no class took, and the lines in order. */
function shown(): string {
  const classes = ['x0', 'x1'].map((dev) => ns.tc('class', 'show', 'dev', dev));
  const lines = [ns.tc('qdisc', 'show'), ...classes].join('').replace(/direct_packets_stat \d+/g, '');
  return lines.split('\n').toSorted().join('\n');
}

test('a tree of classes is made, changed and removed', async () => {
  await using node = testEngine(directory);
  const start = shown();
  await apply(node, tree('5mbit'));
  expect(shown()).toContain('class htb 1:10 parent 1:1 leaf 10: prio 0 rate 5Mbit ceil 100Mbit');
  await apply(node, tree('7mbit', ', burst: 30kb, prio: 2'));
  expect(shown()).toContain('class htb 1:10 parent 1:1 leaf 10: prio 2 rate 7Mbit ceil 100Mbit burst 30Kb');
  // what a document no longer says stays as it is, and is no difference
  await apply(node, tree('7mbit'));
  await apply(node, tree('7mbit').replace("default: '20'", "default: '10'"));
  expect(shown()).toContain('default 0x10');
  await apply(node, '  qdiscs: []');
  expect(shown()).toBe(start);
});

// Rates at which bursts are whole numbers of bytes: others come back to the byte, and not to the tick.
test('what somebody else configured comes back when it is replaced for a while', async () => {
  ns.tc('qdisc', 'add', 'dev', 'x0', 'root', 'handle', '5:', 'htb', 'default', '0x7', 'r2q', '20');
  ns.tc(
    'class',
    'add',
    'dev',
    'x0',
    'parent',
    '5:',
    'classid',
    '5:1',
    ...'htb rate 8mbit burst 20k'.split(' '),
  );
  ns.tc(
    'class',
    'add',
    'dev',
    'x0',
    'parent',
    '5:1',
    'classid',
    '5:7',
    ...'htb rate 1mbit ceil 8mbit prio 3'.split(' '),
  );
  ns.tc(
    'qdisc',
    'add',
    'dev',
    'x0',
    'parent',
    '5:7',
    'handle',
    '7:',
    ...'tbf rate 1mbit burst 9k limit 30k'.split(' '),
  );
  await using node = testEngine(directory);
  const start = shown();
  const tbf = "  qdiscs: [{ dev: x0, kind: tbf, handle: '1:', tbf: { rate: 1mbit, burst: 9kb, limit: 30kb }";
  await expect(node.engine.apply(wish(`${tbf} }]`), WISH, ASKER)).rejects.toThrow();
  expect(shown()).toBe(start);
  const report = await node.engine.apply(
    wish(`${tbf}, adopt: true }]`),
    { ...WISH, confirmSeconds: 600 },
    ASKER,
  );
  expect(report, report.error).toMatchObject({ status: 'unconfirmed' });
  expect(shown()).toContain('qdisc tbf 1: dev x0 root');
  expect(shown()).not.toContain('htb');
  await node.engine.rollback(undefined, WISH, ASKER);
  expect(shown()).toBe(start);
});
