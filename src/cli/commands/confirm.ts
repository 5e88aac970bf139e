// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { ApplyReport } from '../../api/schemas/change.ts';
import { finish } from '../change/finish.ts';
import { revisionNumber } from '../change/options.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';

/** `weir confirm`: keep what was applied. */
export function confirmCommand(deps: CliDeps): Command {
  const command = new Command('confirm').description('keep the change that waits for it');
  return command
    .option('--revision <revision>', 'only if it is this one', revisionNumber)
    .action(async (flags: { readonly revision?: number }) => {
      const context = contextOf(deps, command);
      await context.withAgent(async (agent) => {
        const report = await agent.post<ApplyReport>('/v1/confirm', flags);
        await finish(context, agent, report, false);
      });
    });
}
