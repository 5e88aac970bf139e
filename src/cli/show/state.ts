// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import type { DocumentList } from '../../api/schemas/change-query.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { renderJson } from '../output/list.ts';

const PATH = '/v1/state/documents';

/** `weir show state`: the running node as documents, which plan to nothing. YAML unless JSON is asked for. */
export function stateCommand(deps: CliDeps): Command {
  const command = new Command('state').description('the running node as documents that plan to nothing');
  return command
    .addOption(new Option('--netns <netns>', "of this network namespace, not the agent's own"))
    .addHelpText('after', '\nExample:\n  weir show state -o yaml > node.yaml\n')
    .action(async ({ netns }: { readonly netns?: string }) => {
      const context = contextOf(deps, command);
      const text = await context.withAgent(async (agent) =>
        context.output === 'json'
          ? renderJson((await agent.get<DocumentList>(PATH, { netns })).documents)
          : agent.text(PATH, 'application/yaml', { netns }),
      );
      await context.out.write(text);
    });
}
