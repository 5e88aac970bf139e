// SPDX-License-Identifier: Apache-2.0
import { expect, onTestFinished, test } from 'vitest';
import { linkMessage, ScriptedIo } from '../../test/helpers/scripted-io.ts';
import { WeirError } from '../base/errors.ts';
import type { Namespaces } from '../kernel/ports.ts';
import { NamespaceSet, type NamespaceSetOptions } from './namespace-set.ts';

/** Namespaces that a test makes and breaks. */
class World implements Namespaces {
  readonly present = new Map<string, { inode: number; scripted: ScriptedIo }>();
  readonly #own = new ScriptedIo();

  add(name: string, inode: number): ScriptedIo {
    const scripted = new ScriptedIo();
    scripted.script.links = [linkMessage(1, 'lo')];
    this.present.set(name, { inode, scripted });
    return scripted;
  }

  async own() {
    return this.#own.io('', 1);
  }

  async open(name: string) {
    const found = this.present.get(name);
    if (found === undefined) throw new WeirError('NOT_FOUND', { what: 'network namespace', name });
    return found.scripted.io(name, found.inode);
  }

  async discover() {
    return [...this.present]
      .filter(([name]) => !name.startsWith('/'))
      .map(([name, { inode }]) => ({ name, inode }));
  }
}

async function started(world: World, options: NamespaceSetOptions): Promise<NamespaceSet> {
  const set = new NamespaceSet(world, { pollMs: 3_600_000, ...options });
  onTestFinished(() => set.close());
  await set.start();
  return set;
}

const names = (set: NamespaceSet) => set.all().map(({ name }) => name);
const everything = { discover: { processes: false } };

test('the own namespace alone unless asked for more', async () => {
  const world = new World();
  world.add('a', 10);
  expect(names(await started(world, {}))).toEqual(['']);
});

test('namespaces are taken up as they come and let go as they vanish', async () => {
  const world = new World();
  const a = world.add('a', 10);
  const set = await started(world, everything);
  const heard: string[] = [];
  set.onChange((event, { name }) => heard.push(`${event} ${name}`));
  world.add('b', 11);
  world.present.delete('a');
  await set.look();
  expect(names(set)).toEqual(['', 'b']);
  expect(heard).toEqual(['removed a', 'added b']);
  expect(a.closed).toBe(true);
  expect(set.get('b')?.snapshot.links()).toHaveLength(1);
});

test('a name that means another namespace now is opened anew', async () => {
  const world = new World();
  world.add('a', 10);
  const set = await started(world, everything);
  world.add('a', 12);
  await set.look();
  expect(set.get('a')?.inode).toBe(12);
});

test('the own namespace and second names are observed once', async () => {
  const world = new World();
  world.add('self', 1);
  world.add('a', 10);
  world.add('alias', 10);
  expect(names(await started(world, everything))).toEqual(['', 'a']);
});

test('names are filtered; configured ones are taken whatever the filter says', async () => {
  const world = new World();
  world.add('pod-1', 10);
  world.add('other', 11);
  world.add('/path', 12);
  const discover = { processes: false, accept: (name: string) => name.startsWith('pod-') };
  const set = await started(world, { configured: ['/path'], discover });
  expect(names(set).sort()).toEqual(['', '/path', 'pod-1']);
  world.present.delete('/path');
  await set.look();
  expect(names(set).sort()).toEqual(['', 'pod-1']);
});

test('one that fails is reported once, tried again, and harms no other', async () => {
  const world = new World();
  const bad = world.add('bad', 10);
  bad.script.failure = new WeirError('INTERNAL', { problem: 'broken' });
  world.add('good', 11);
  const problems: string[] = [];
  const set = await started(world, {
    ...everything,
    configured: ['missing'],
    onProblem: ({ name, problem }) => problems.push(`${name}: ${problem}`),
  });
  expect(names(set)).toEqual(['', 'good']);
  expect(bad.closed).toBe(true);
  await set.look();
  expect(problems).toEqual(['missing: no network namespace named "missing"', 'bad: internal error: broken']);
  bad.script.failure = undefined;
  world.add('missing', 12);
  await set.look();
  expect(names(set).sort()).toEqual(['', 'bad', 'good', 'missing']);
  expect(set.problems()).toEqual([]);
});

test('it looks by itself', async () => {
  const world = new World();
  const set = await started(world, { ...everything, pollMs: 10 });
  world.add('a', 10);
  await expect.poll(() => names(set)).toEqual(['', 'a']);
});

test('close lets everything go', async () => {
  const world = new World();
  const a = world.add('a', 10);
  const set = await started(world, everything);
  await set.close();
  expect(names(set)).toEqual([]);
  expect(a.closed).toBe(true);
});
