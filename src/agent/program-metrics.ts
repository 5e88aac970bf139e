// SPDX-License-Identifier: Apache-2.0

import { targetOf } from '../codec/bpf/program.ts';
import { using } from '../kernel/bpf/host/pins.ts';
import { programInfo } from '../kernel/bpf/programs.ts';
import { openId } from '../kernel/bpf/syscall.ts';
import type { InstalledProgram } from '../kernel/ports.ts';
import { type ProgramPlace, type ProgramRow, programMetrics } from '../metrics/programs.ts';

/** A function of a program as the engine's thread tells of it: what is counted is asked for when it is scraped. */
export interface RunningFunction {
  readonly id: number;
  readonly program: string;
  readonly function: string;
  readonly netns: string;
  readonly digest: string;
  readonly places: readonly ProgramPlace[];
}

/** The functions of what is installed. */
export function runningFunctions(installed: readonly InstalledProgram[]): readonly RunningFunction[] {
  return installed.flatMap(({ name: program, netns, object, programs, links }) =>
    Object.entries(programs).map(([name, id]) => ({
      id,
      program,
      function: name,
      netns,
      digest: object?.digest ?? '',
      places: links
        .filter(({ attached, attachment }) => attached && attachment.program === name)
        .map(({ attachment }) => ({ hook: attachment.hook, target: targetOf(attachment) })),
    })),
  );
}

/** Their families, with what the kernel has counted by now. */
export function scrapePrograms(functions: readonly RunningFunction[]): string {
  return programMetrics(functions.flatMap(rowOf));
}

function rowOf({ id, ...about }: RunningFunction): readonly ProgramRow[] {
  const fd = openId('PROG', id);
  if (fd === undefined) return [];
  const { runCount, runTime } = using(fd, programInfo);
  return [{ ...about, runs: Number(runCount), nanoseconds: Number(runTime) }];
}
