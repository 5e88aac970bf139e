// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WeirError } from '../base/errors.ts';
import type { ChangeProgress, DriftChange } from '../model/change.ts';
import type { Document } from '../plan/document.ts';
import { Engine } from './engine.ts';
import { FakeNode, Killed } from './fake/fake-node.ts';
import { noPolicies } from './fake/no-policies.ts';
import { noPrograms } from './fake/no-programs.ts';
import type { EngineParts } from './parts.ts';
import { recover } from './recovery.ts';

const ASKER = { who: 'root', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

let directory: string;
let node: FakeNode;
let events: (ChangeProgress | DriftChange)[];
const engines: Engine[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-engine-'));
  node = new FakeNode();
  events = [];
  device('lo');
});

afterEach(() => {
  for (const engine of engines.splice(0)) engine.close();
  rmSync(directory, { recursive: true });
});

function engineOn(boot = 'boot-1', more: Partial<EngineParts> = {}): Engine {
  const engine = new Engine({
    journal: join(directory, 'journal.db'),
    reader: node,
    executor: node,
    programs: noPrograms,
    policies: noPolicies,
    open: () => Promise.reject(new WeirError('NOT_FOUND', { what: 'network namespace', name: '', hint: '' })),
    devices: async () => [],
    unsupported: async () => new Set(),
    pathTo: async () => undefined,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    boot,
    publish: (event) => void events.push(event),
    warn: () => {},
    ...more,
  });
  engines.push(engine);
  return engine;
}

/** End the engine as kill -9 would. */
function crash(engine: Engine): void {
  engines.splice(engines.indexOf(engine), 1);
  engine.close();
}

function device(name: string): void {
  const id = `link ${name}`;
  node.objects.set(id, { id, netns: '', class: 'link', key: name, spec: { name, state: 'up' } });
}

function addresses(name: string, ...list: readonly string[]): Document {
  const spec = { addresses: list.map((address) => ({ dev: 'lo', address })) };
  const value = { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec } as const;
  return { name: `Network/${name}`, value };
}

const wish = (...documents: readonly Document[]) => ({ documents, prune: false });
const ids = () => [...node.objects.keys()].filter((id) => id.startsWith('address')).sort();

describe('apply', () => {
  test('creates what is declared, and nothing the second time', async () => {
    const engine = engineOn();
    const report = await engine.apply(wish(addresses('a', '10.0.0.1/24', '10.0.0.2/24')), WISH, ASKER);
    expect(report).toMatchObject({ status: 'confirmed', revision: 1, counts: { create: 2 } });
    expect(ids()).toEqual(['address 10.0.0.1/24 dev lo', 'address 10.0.0.2/24 dev lo']);
    const again = await engine.apply(wish(addresses('a', '10.0.0.1/24', '10.0.0.2/24')), WISH, ASKER);
    expect(again).toMatchObject({ status: 'unchanged', revision: 1 });
    expect(engine.history(10)).toHaveLength(1);
  });

  test('replaces documents by name, keeps the others, and drops those with prune', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24'), addresses('b', '10.0.1.1/24')), WISH, ASKER);
    await engine.apply(wish(addresses('a', '10.0.0.9/24')), WISH, ASKER);
    expect(ids()).toEqual(['address 10.0.0.9/24 dev lo', 'address 10.0.1.1/24 dev lo']);
    await engine.apply({ documents: [addresses('b', '10.0.1.1/24')], prune: true }, WISH, ASKER);
    expect(ids()).toEqual(['address 10.0.1.1/24 dev lo']);
    expect(engine.owned.size).toBe(1);
  });

  test('leaves no trace when a step fails, whichever it is', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24', '10.0.0.2/24')), WISH, ASKER);
    const before = [...node.objects];
    for (let failing = 0; failing < 4; failing++) {
      const first = node.steps;
      node.onStep = (step) => {
        if (step === first + failing) throw new WeirError('VALUE', { what: 'step', problem: 'refused' });
      };
      const change = wish(addresses('a', '10.0.0.2/24', '10.0.0.3/24', '10.0.0.4/24', '10.0.0.5/24'));
      const report = await engine.apply(change, WISH, ASKER);
      expect(report).toMatchObject({ status: 'rolled-back', error: expect.stringContaining('refused') });
      expect(new Map(node.objects)).toEqual(new Map(before));
      expect(engine.owned.size).toBe(2);
    }
    expect(engine.status()).toMatchObject({ state: 'idle', revision: 1 });
  });

  test('undoes what the kernel did not keep', async () => {
    const engine = engineOn();
    node.onStep = (_step, { op, id }) => {
      if (op === 'create') queueMicrotask(() => node.objects.delete(id));
    };
    const report = await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    expect(report.status).toBe('rolled-back');
    expect(report.error).toMatch(/did not keep.*10\.0\.0\.1\/24 dev lo is missing/);
  });

  test('says what could not be undone, and undoes it when asked again', async () => {
    const engine = engineOn();
    let broken = true;
    node.onStep = (step, { op }) => {
      if (broken && (step === 1 || op === 'remove'))
        throw new WeirError('VALUE', { what: 'x', problem: 'stuck' });
    };
    const report = await engine.apply(wish(addresses('a', '10.0.0.1/24', '10.0.0.2/24')), WISH, ASKER);
    expect(report).toMatchObject({
      status: 'rollback-failed',
      leftovers: [expect.stringContaining('stuck')],
    });
    broken = false;
    expect(await engine.rollback(undefined, WISH, ASKER)).toMatchObject({ status: 'rolled-back' });
    expect(ids()).toEqual([]);
  });

  test('refuses a conflict with what is not its own, and changes nothing', async () => {
    const engine = engineOn();
    const id = 'address 10.0.0.1/24 dev lo';
    const spec = { dev: 'lo', address: '10.0.0.1/24' };
    node.objects.set(id, { id, netns: '', class: 'address', key: '10.0.0.1/24 dev lo', spec });
    const applied = engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    await expect(applied).rejects.toMatchObject({
      code: 'PLAN_REFUSED',
      problems: [{ document: 'Network/a' }],
    });
    expect(engine.history(10)).toEqual([]);
    expect(node.steps).toBe(0);
  });

  test('refuses when the revision is another', async () => {
    const applied = engineOn().apply(wish(addresses('a', '10.0.0.1/24')), { ...WISH, ifRevision: 7 }, ASKER);
    await expect(applied).rejects.toMatchObject({ code: 'REVISION_MISMATCH' });
  });
});

describe('confirmation', () => {
  const unconfirmed = { ...WISH, confirmSeconds: 60 };

  test('is waited for; until then nobody else changes anything, and everybody may look', async () => {
    const engine = engineOn();
    const report = await engine.apply(wish(addresses('a', '10.0.0.1/24')), unconfirmed, ASKER);
    expect(report).toMatchObject({ status: 'unconfirmed', revision: 1, deadline: expect.any(String) });
    const other = engine.apply(wish(addresses('b', '10.0.0.2/24')), WISH, { who: 'eve', peers: [] });
    await expect(other).rejects.toMatchObject({ code: 'LOCKED', details: { holder: 'root' } });
    const { plan } = await engine.plan(wish(addresses('b', '10.0.0.2/24')), ASKER);
    expect(plan.actions.length).toBeGreaterThan(0);
    expect(() => engine.confirm('eve', 5)).toThrow(/revision/);
    expect(engine.confirm('eve')).toMatchObject({ status: 'confirmed', revision: 1 });
    expect(engine.history(1)).toMatchObject([{ state: 'confirmed', confirmedBy: 'eve' }]);
    expect(() => engine.confirm('eve')).toThrow(/nothing waits/);
  });

  test('what waits for it is planned from as if it held', async () => {
    const engine = engineOn();
    const document = addresses('a', '10.0.0.1/24');
    await engine.apply(wish(document), unconfirmed, ASKER);
    const { plan, revision } = await engine.plan(wish(document), ASKER);
    expect({ revision, ...plan }).toMatchObject({ revision: 1, actions: [], diagnostics: [] });
    const more = await engine.plan(wish(addresses('b', '10.0.0.2/24')), ASKER);
    expect(more.plan.actions.map(({ op }) => op)).toEqual(['create']);
    expect((await engine.diff(undefined, undefined)).plan.actions).toEqual([]);
    await engine.rollback(undefined, WISH, ASKER);
    expect(await engine.diff(undefined, undefined)).toMatchObject({ revision: 0, plan: { actions: [] } });
  });

  test('that does not come undoes the change', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), { ...WISH, confirmSeconds: 0.05 }, ASKER);
    for (let i = 0; i < 100 && engine.status().state !== 'idle'; i++) await delay(10);
    expect(ids()).toEqual([]);
    expect(engine.history(1)).toMatchObject([
      { state: 'rolled-back', error: expect.stringContaining('in time') },
    ]);
    expect(events.at(-1)).toMatchObject({ kind: 'change', state: 'rolled-back' });
  });

  test('rolled back brings the state before, or an earlier revision', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    await engine.apply(wish(addresses('a', '10.0.0.2/24')), WISH, ASKER);
    await engine.apply(wish(addresses('a', '10.0.0.3/24')), unconfirmed, ASKER);
    expect(await engine.rollback(undefined, WISH, ASKER)).toMatchObject({
      status: 'rolled-back',
      revision: 3,
    });
    expect(ids()).toEqual(['address 10.0.0.2/24 dev lo']);
    const back = await engine.rollback(undefined, WISH, ASKER);
    expect(back).toMatchObject({ status: 'confirmed', revision: 4 });
    expect(ids()).toEqual(['address 10.0.0.1/24 dev lo']);
    await engine.rollback(0, WISH, ASKER);
    expect(ids()).toEqual([]);
    expect(engine.history(1)).toMatchObject(
      [{ restores: 0, current: undefined }].map(({ restores }) => ({ restores })),
    );
  });
});

describe('recovery', () => {
  test('undoes what a kill left, at whichever step', async () => {
    for (let killed = 0; killed < 4; killed++) {
      const engine = engineOn();
      await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
      const before = new Map(node.objects);
      const first = node.steps;
      node.onStep = (step) => {
        if (step === first + killed) throw new Killed();
      };
      const change = wish(addresses('a', '10.0.0.2/24', '10.0.0.3/24', '10.0.0.4/24'));
      const applying = engine.apply(change, WISH, ASKER).catch(() => undefined);
      crash(engine);
      await applying;
      node.onStep = () => {};
      const next = engineOn();
      await recover(next);
      expect(new Map(node.objects)).toEqual(before);
      expect(next.status()).toMatchObject({ state: 'idle', revision: 1, owned: 1 });
      crash(next);
    }
  });

  test('undoes what nobody had confirmed', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), { ...WISH, confirmSeconds: 60 }, ASKER);
    crash(engine);
    await recover(engineOn());
    expect(ids()).toEqual([]);
  });

  test('changes nothing when only the agent was started again', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    crash(engine);
    node.objects.delete('address 10.0.0.1/24 dev lo');
    await recover(engineOn());
    expect(ids()).toEqual([]);
  });

  test('brings the last confirmed revision back after a start of the machine', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    await engine.apply(wish(addresses('a', '10.0.0.2/24')), { ...WISH, confirmSeconds: 60 }, ASKER);
    crash(engine);
    node.objects.clear();
    device('lo');
    const next = engineOn('boot-2');
    await recover(next);
    expect(ids()).toEqual(['address 10.0.0.1/24 dev lo']);
    expect(next.status().problem).toBeUndefined();
  });

  test('falls back to the revision before when the last one is refused', async () => {
    const engine = engineOn();
    await engine.apply(wish(addresses('a', '10.0.0.1/24')), WISH, ASKER);
    await engine.apply(wish(addresses('a', '10.0.0.2/24')), WISH, ASKER);
    crash(engine);
    node.objects.clear();
    device('lo');
    node.onStep = (_step, { op, key }) => {
      if (op === 'create' && key.startsWith('10.0.0.2'))
        throw new WeirError('VALUE', { what: key, problem: 'refused' });
    };
    const next = engineOn('boot-2');
    await recover(next);
    expect(ids()).toEqual(['address 10.0.0.1/24 dev lo']);
    expect(next.status().problem).toMatch(/revision 2 could not be applied.*revision 1 holds/);
  });
});

describe('the journal', () => {
  test('is for its owner only', () => {
    engineOn();
    expect(statSync(join(directory, 'journal.db')).mode & 0o777).toBe(0o600);
  });

  test('that is not one is refused', () => {
    writeFileSync(join(directory, 'journal.db'), 'something else entirely, long enough to be looked at');
    expect(() => engineOn()).toThrow(/journal .*journal.db/);
  });
});
