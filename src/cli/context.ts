// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { type AgentClient, connectAgent } from './client.ts';
import type { CliDeps } from './deps.ts';
import { type OutputFormat, renderJson, renderYaml } from './output/list.ts';
import { type Sink, sinkTo } from './output/sink.ts';
import { choosePaint, type Paint, wantsColour } from './output/style.ts';

/** Where the agent listens unless a flag or WEIR_SOCKET says otherwise. */
export const DEFAULT_SOCKET = '/run/weir/weir.sock';

/** Flags that every command takes. */
export interface GlobalFlags {
  readonly output: OutputFormat;
  readonly socket?: string;
  readonly color: boolean;
}

/** What a command works with. */
export interface Context {
  readonly deps: CliDeps;
  readonly output: OutputFormat;
  readonly socket: string;
  readonly out: Sink;
  /** Colours are wanted. */
  readonly colour: boolean;
  readonly paint: Paint;
  /** Ask the agent. The connection is closed afterwards, so that the process can end. */
  withAgent<T>(use: (agent: AgentClient) => Promise<T>): Promise<T>;
  /** One document in the form that `-o` asks for. */
  document(value: unknown, table: () => string): Promise<void>;
}

/** The context of one run of `command`. */
export function contextOf(deps: CliDeps, command: Command): Context {
  const { output, socket, color } = command.optsWithGlobals<GlobalFlags>();
  const address = socket ?? (deps.env['WEIR_SOCKET'] || DEFAULT_SOCKET);
  const out = sinkTo(deps.stdout);
  const colour = wantsColour({ color, isTTY: deps.stdout.isTTY === true, env: deps.env });
  return {
    deps,
    output,
    socket: address,
    out,
    colour,
    paint: choosePaint(colour),
    async withAgent(use) {
      const agent = connectAgent(address);
      try {
        return await use(agent);
      } finally {
        agent.close();
      }
    },
    document: (value, table) => out.write(renderDocument(output, value, table)),
  };
}

function renderDocument(output: OutputFormat, value: unknown, table: () => string): string {
  if (output === 'json') return renderJson(value);
  return output === 'yaml' ? renderYaml(value) : table();
}
