// SPDX-License-Identifier: Apache-2.0
// Metrics of operators' eBPF programs: what runs where, and what it costs.
import type { Family } from './exposition.ts';
import { labelText } from './labels.ts';

/** Where a function runs. */
export interface ProgramPlace {
  readonly hook: string;
  /** Device, cgroup or tracepoint. */
  readonly target: string;
}

/** A function of an operator's program. */
export interface ProgramRow {
  readonly program: string;
  readonly function: string;
  readonly netns: string;
  readonly digest: string;
  readonly places: readonly ProgramPlace[];
  readonly runs: number;
  readonly nanoseconds: number;
}

/** Families of programs. They are there once one has been applied. */
export const PROGRAMS = {
  info: {
    name: 'weir_program_info',
    help: 'Value is 1 for each place where an eBPF program of an operator runs.',
    type: 'gauge',
    labels: ['program', 'function', 'hook', 'target', 'netns', 'digest'],
  },
  runs: {
    name: 'weir_program_runs_total',
    help: 'Runs of an eBPF program while they were measured, at all its places.',
    type: 'counter',
    labels: ['program', 'function'],
  },
  seconds: {
    name: 'weir_program_run_seconds_total',
    help: 'Time that the measured runs took.',
    type: 'counter',
    labels: ['program', 'function'],
  },
} as const satisfies Record<string, Family>;

type Sample = readonly [values: readonly string[], value: number];

/** The families in the text format; nothing without programs. */
export function programMetrics(rows: readonly ProgramRow[]): string {
  const info = rows.flatMap((row) =>
    row.places.map(({ hook, target }): Sample => {
      return [[row.program, row.function, hook, target, row.netns, row.digest], 1];
    }),
  );
  const each = (value: (row: ProgramRow) => number) =>
    rows.map((row): Sample => [[row.program, row.function], value(row)]);
  return [
    text(PROGRAMS.info, info),
    text(
      PROGRAMS.runs,
      each(({ runs }) => runs),
    ),
    text(
      PROGRAMS.seconds,
      each(({ nanoseconds }) => nanoseconds / 1e9),
    ),
  ].join('');
}

function text({ name, help, type, labels }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(([values, value]) => `${name}{${labelText(labels, values)}} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
