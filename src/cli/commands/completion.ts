// SPDX-License-Identifier: Apache-2.0
import { Argument, Command, Option } from 'commander';
import { WeirError } from '../../base/errors.ts';
import type { AgentClient } from '../client.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { type CompletionNode, completionTree } from '../completion/tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';

const SHELLS: Readonly<Record<string, (tree: CompletionNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** What the scripts ask for while a line is typed. */
const NAMES: Readonly<Record<string, (agent: AgentClient) => Promise<readonly string[]>>> = {
  devices: async (agent) => (await statsItems(agent)).map((item) => item.ifname),
  namespaces: async (agent) => {
    const { items } = await agent.get<{ items: readonly { name: string }[] }>('/v1/namespaces');
    return items.map((item) => item.name).filter((name) => name !== '');
  },
};

/** `weir completion <shell>`: a script made from the commands as they are. */
export function completionCommand(deps: CliDeps): Command {
  const command = new Command('completion').description('print the completion script of a shell');
  return command
    .addArgument(new Argument('[shell]', 'which shell').choices(Object.keys(SHELLS)))
    .addOption(new Option('--names <kind>').choices(Object.keys(NAMES)).hideHelp())
    .action(async (shell: string | undefined, { names }: { names?: string }) => {
      const context = contextOf(deps, command);
      if (names !== undefined) {
        const found = await context.withAgent((agent) => NAMES[names]?.(agent) ?? Promise.resolve([]));
        return context.out.write([...new Set(found)].map((name) => `${name}\n`).join(''));
      }
      const script = SHELLS[shell ?? ''];
      if (script === undefined)
        throw new WeirError('USAGE', { problem: `name a shell: ${Object.keys(SHELLS).join(', ')}` });
      return context.out.write(script(completionTree(rootOf(command))));
    });
}

async function statsItems(agent: AgentClient): Promise<readonly { ifname: string }[]> {
  return (await agent.get<{ items: readonly { ifname: string }[] }>('/v1/stats/links')).items;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
