// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../base/clock.ts';
import type { NamespaceIo, ProgramHost } from '../kernel/ports.ts';
import type { ChangeProgress, DriftChange } from '../model/change.ts';
import type { StateReader } from '../model/object.ts';
import type { DeviceIdentity } from '../plan/match.ts';
import type { CallerPath } from '../plan/plan.ts';
import type { Executor } from './execute/executor.ts';

/** What the engine works with. */
export interface EngineParts {
  /** Path of the journal. */
  readonly journal: string;
  readonly reader: StateReader;
  readonly executor: Executor;
  readonly programs: ProgramHost;
  /** I/O of a namespace by name, '' for the agent's own. @throws {WeirError} `NOT_FOUND`. */
  open(netns: string): Promise<NamespaceIo>;
  /** What the devices of a namespace can be found by. @throws {WeirError} `NOT_FOUND`. */
  devices(netns: string): Promise<readonly DeviceIdentity[]>;
  /** Of features that `Requirement.feature` names, those that the kernel lacks. */
  unsupported(features: ReadonlySet<string>): Promise<ReadonlySet<string>>;
  /** How packets to `peer` leave the agent's own namespace; undefined when there is no way. */
  pathTo(peer: string): Promise<CallerPath | undefined>;
  readonly clock: Clock;
  /** Names this boot of the machine (/proc/sys/kernel/random/boot_id). */
  readonly boot: string;
  publish(event: ChangeProgress | DriftChange): void;
  /** Something that nobody asked for went wrong. */
  warn(problem: string): void;
}
