// SPDX-License-Identifier: Apache-2.0
import type { ProgramList } from '../../api/schemas/programs.ts';
import type { Paint } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';
import { renderCount } from '../output/units.ts';
import { perRun } from './tables.ts';

/** What a function cost between two readings. */
export interface Cost {
  readonly owner: string;
  readonly function: string;
  readonly where: string;
  readonly runsPerSecond: number;
  /** Mean of a run: of a hook that runs for each packet, the cost of a packet. */
  readonly nanosecondsPerRun: number | undefined;
  /** Percent of one CPU. */
  readonly cpu: number;
}

const COLUMNS: readonly Column<Cost>[] = [
  { title: 'PROGRAM', value: ({ owner }) => owner, tone: () => 'strong' },
  { title: 'FUNCTION', value: (cost) => cost.function },
  { title: 'RUNS/S', value: ({ runsPerSecond }) => renderCount(runsPerSecond), align: 'right' },
  { title: 'NS/RUN', value: ({ nanosecondsPerRun }) => nanosecondsPerRun, align: 'right' },
  { title: 'CPU %', value: ({ cpu }) => cpu.toFixed(2), align: 'right' },
  { title: 'WHERE', value: ({ where }) => where },
];

/** A counter of one function at one time. */
interface Counter {
  readonly owner: string;
  readonly function: string;
  readonly where: string;
  readonly runs: number;
  readonly nanoseconds: number;
}

/** What every function cost between two readings, dearest first. */
export function costsBetween(before: ProgramList, now: ProgramList): readonly Cost[] {
  const seconds = Math.max((now.timestamp - before.timestamp) / 1000, 0.001);
  const old = countersOf(before);
  const costs = [...countersOf(now)].flatMap(([id, counter]) => {
    const was = old.get(id);
    return was === undefined ? [] : [costOf(counter, was, seconds)];
  });
  return costs.sort((a, b) => b.cpu - a.cpu || b.runsPerSecond - a.runsPerSecond);
}

function costOf(now: Counter, was: Counter, seconds: number): Cost {
  const [runs, nanoseconds] = [now.runs - was.runs, now.nanoseconds - was.nanoseconds];
  return {
    owner: now.owner,
    function: now.function,
    where: now.where,
    runsPerSecond: runs / seconds,
    nanosecondsPerRun: perRun(runs, nanoseconds),
    cpu: nanoseconds / seconds / 1e7,
  };
}

/** By the kernel's id: a new version of a program counts from zero. */
function countersOf({ items, foreign }: ProgramList): ReadonlyMap<number, Counter> {
  const counters = new Map<number, Counter>();
  for (const { name, functions, attachments } of items)
    for (const one of functions) {
      const places = attachments.filter(({ program }) => program === one.name);
      const where = places.map(({ hook, target }) => `${hook}:${target}`).join(' ');
      counters.set(one.id, { ...one, owner: name, function: one.name, where });
    }
  for (const one of foreign) {
    const known = counters.get(one.id);
    const where = [known?.where, `${one.hook}:${one.dev}`].filter(Boolean).join(' ');
    counters.set(one.id, { ...one, owner: '(other)', function: one.name, where });
  }
  return counters;
}

/** The costs as a table. */
export function costText(costs: readonly Cost[], paint: Paint): string {
  return costs.length === 0 ? 'No programs.\n' : renderTable(COLUMNS, costs, paint);
}
