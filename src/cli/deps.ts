// SPDX-License-Identifier: Apache-2.0
import type { Writable } from 'node:stream';
import type { AgentOptions, RunAgent } from '../api/agent-options.ts';
import type { TerminalInput, TerminalOutput } from './top/terminal.ts';

/** What the command line is given: its surroundings, and the two things that it may start but not construct. */
export interface CliDeps {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: TerminalInput;
  readonly stdout: TerminalOutput;
  readonly stderr: Writable;
  readonly runAgent: RunAgent;
  readonly lab: LabCommands;
  /** Remove what the agent leaves in the kernel. @returns what was removed. @throws {WeirError} `AGENT_RUNNING`. */
  readonly uninstall: (options: AgentOptions) => Promise<readonly string[]>;
}

/** What `weir lab` does. `lab` is the name of a lab, the prefix of its namespaces. */
export interface LabCommands {
  /** Build what is missing. @returns what was made, in words; empty when all was there. */
  up(lab: string): Promise<readonly string[]>;
  /** Remove all of it. @returns what was removed. */
  down(lab: string): Promise<readonly string[]>;
  status(lab: string): Promise<LabStatus>;
  /** Replace this process by `command` inside a node. Returns only by throwing. */
  exec(lab: string, node: string, command: readonly string[]): Promise<never>;
}

/** A lab as it stands. */
export interface LabStatus {
  readonly lab: string;
  /** Drawing of the whole topology. */
  readonly picture: string;
  readonly nodes: readonly LabNodeStatus[];
}

export interface LabNodeStatus {
  readonly node: string;
  readonly role: string;
  readonly netns: string;
  /** False when its namespace does not exist. */
  readonly up: boolean;
  /** Devices there, loopback left out. */
  readonly links: readonly { readonly ifname: string; readonly operstate: string }[];
}
