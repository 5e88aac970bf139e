// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../base/clock.ts';
import type { NamespaceIo } from '../kernel/ports.ts';
import type { ChangeProgress, DriftChange } from '../model/change.ts';
import type { StateReader } from '../model/object.ts';
import type { CallerPath } from '../plan/plan.ts';
import type { Executor } from './execute/executor.ts';

/** What the engine works with. */
export interface EngineParts {
  /** Path of the journal. */
  readonly journal: string;
  readonly reader: StateReader;
  readonly executor: Executor;
  /** I/O of a namespace by name, '' for the agent's own. @throws {WeirError} `NOT_FOUND`. */
  open(netns: string): Promise<NamespaceIo>;
  /** How packets to `peer` leave the agent's own namespace; undefined when there is no way. */
  pathTo(peer: string): Promise<CallerPath | undefined>;
  readonly clock: Clock;
  /** Names this boot of the machine (/proc/sys/kernel/random/boot_id). */
  readonly boot: string;
  publish(event: ChangeProgress | DriftChange): void;
  /** Something that nobody asked for went wrong. */
  warn(problem: string): void;
}
