// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, test, vi } from 'vitest';
import { InfrastructureError } from './process.ts';
import { siteTests } from './site-tests.ts';
import type { Site } from './vagrant-lane.ts';
import { countsOf } from './vitest-report.ts';

const time = vi.hoisted(() => ({ left: 0 }));
vi.mock('./budget.ts', () => ({ secondsLeft: () => time.left }));

const asked: string[] = [];
const dead = (what: string): never => {
  asked.push(what);
  throw new InfrastructureError('the machine does not answer');
};
/** Machines of which nothing can be had. */
const SITE: Site = {
  nodes: ['gateway', 'client'],
  package: '/nowhere',
  sh: (_node, command) => dead(command),
  vagrant: (...args) => dead(args.join(' ')),
  libvirt: { inside: [], env: {}, pool: '', machines: () => new Map(), stop: async () => {} },
};

beforeEach(() => {
  asked.length = 0;
  time.left = 3600;
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

test('a machine that dies fails every test that needs it, and those of machines that are not up are skipped', async () => {
  const results = await siteTests(SITE);
  const { passed, failed, skipped } = countsOf(results);
  expect({ passed, skipped }).toEqual({ passed: 0, skipped: 4 });
  expect(failed).toBeGreaterThan(10);
  expect(results.filter(({ outcome }) => outcome === 'skipped').map(({ why }) => why)).toEqual(
    expect.arrayContaining(['edge1 is not up in this run', 'monitor is not up in this run']),
  );
});

test('at the end of the time for all nothing begins, and nothing is called passed or failed', async () => {
  time.left = 0;
  const results = await siteTests(SITE);
  expect(countsOf(results)).toMatchObject({ passed: 0, failed: 0 });
  expect(results.map(({ why }) => why)).toContain('no time left');
  expect(asked).toEqual([]);
});

test('what the end of the time cuts off has not failed', async () => {
  const cut: Site = {
    ...SITE,
    vagrant: () => {
      time.left = 0;
      return dead('provision');
    },
  };
  const [first] = await siteTests(cut);
  expect(first).toMatchObject({ outcome: 'skipped', why: 'no time left' });
});
