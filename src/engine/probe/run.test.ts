// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { Probe } from './probe.ts';
import { beginProbes } from './run.ts';

it('only asks the kernel until it is known that there is a change', async () => {
  const done: string[] = [];
  const probe = (name: string, explicit: boolean, problem?: string): Probe => ({
    name,
    explicit,
    attempt: async () => {
      done.push(name);
      if (problem !== undefined) throw new Error(problem);
    },
  });
  const before = beginProbes([
    probe('gateway', false),
    probe('path', false, 'there is no route'),
    probe('ping:192.0.2.1', true, 'it does not answer'),
  ]);
  expect(done).toEqual(['gateway', 'path']);
  const probes = await before();
  expect(done).toEqual(['gateway', 'path', 'ping:192.0.2.1']);
  // what nobody asked for and fails before does not count
  expect(probes.results).toEqual([
    { probe: 'gateway', before: true, after: null },
    { probe: 'ping:192.0.2.1', before: false, after: null, detail: 'it does not answer' },
  ]);
});
