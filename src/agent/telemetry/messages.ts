// SPDX-License-Identifier: Apache-2.0
// What the loader's thread is given and what it returns. Descriptors are the process's: they outlive the thread.
import type { FeatureInfo } from '../../api/schemas/node.ts';
import type { Runs, TelemetrySettings } from '../../programs/telemetry-program.ts';

export interface LoadRequest {
  /** Telemetry programs to run, by name. */
  readonly programs: ReadonlyMap<string, Runs>;
  readonly settings: TelemetrySettings;
  /** Where to pin. */
  readonly pinDir: string;
  /** Directory of the compiled objects. */
  readonly objects: string;
}

export type LoadedProgram = RunningProgram | FailedProgram;

/** A program that is attached. */
export interface RunningProgram {
  readonly name: string;
  readonly running: true;
  /** It was there already: an earlier agent left it, and its counters go on. */
  readonly reused: boolean;
  readonly runs: Runs;
  /** Directory of its pins; absent where there is no bpffs or it runs on demand, and then it ends with the agent. */
  readonly pins?: string;
  /** What it does not count on this kernel, in words. */
  readonly without: readonly string[];
  /** Descriptors of maps by name. */
  readonly maps: Readonly<Record<string, number>>;
  /** Descriptors of programs by function name. */
  readonly programs: Readonly<Record<string, number>>;
  /** Functions that are put on a tracepoint. */
  readonly hooks: readonly string[];
  /** Descriptors of links: while they are open, the programs are attached. None of what runs on demand. */
  readonly links: readonly number[];
}

export interface FailedProgram {
  readonly name: string;
  readonly running: false;
  readonly problem: string;
}

export interface LoadResult {
  readonly programs: readonly LoadedProgram[];
  readonly features: readonly FeatureInfo[];
  /** Names of `enum skb_drop_reason` without prefix, by number. */
  readonly dropReasons: ReadonlyMap<number, string>;
  /** Names of `enum sk_rst_reason` without prefix, by number. */
  readonly resetReasons: ReadonlyMap<number, string>;
}
