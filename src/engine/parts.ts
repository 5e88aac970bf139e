// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../base/clock.ts';
import type { NamespaceIo, ProgramHost } from '../kernel/ports.ts';
import type { ChangeProgress, DriftChange } from '../model/change.ts';
import type { StateReader } from '../model/object.ts';
import type { PolicyOperation } from '../model/policy.ts';
import type { DeviceIdentity } from '../plan/match.ts';
import type { CallerPath, Diagnostic } from '../plan/plan.ts';
import type { Executor } from './execute/executor.ts';

/** Network policy, as the engine sees it. */
export interface PolicyControl {
  /** What forbids these operations. */
  errors(operations: readonly PolicyOperation[]): Promise<readonly Diagnostic[]>;
  /**
   * What a person should know of these operations, before or after they were carried out.
   * @param peers Addresses of whoever asks.
   */
  warnings(operations: readonly PolicyOperation[], peers: readonly string[]): Promise<readonly Diagnostic[]>;
  /** From the next commit on these can always reach this host: whoever has to confirm a change. */
  guard(peers: readonly string[]): void;
  /** Put in force what `guard` has changed since the last commit. Never rejects. */
  settle(): Promise<void>;
}

/** What the engine works with. */
export interface EngineParts {
  /** Path of the journal. */
  readonly journal: string;
  readonly reader: StateReader;
  readonly executor: Executor;
  readonly programs: ProgramHost;
  readonly policies: PolicyControl;
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
