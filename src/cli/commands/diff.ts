// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander';
import type { PlanReport } from '../../api/schemas/change.ts';
import { revisionNumber } from '../change/options.ts';
import { showPlan, viewOf } from '../change/plan.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';

const EXAMPLES = `
Examples:
  weir diff          what has drifted: from the running state to the current revision
  weir diff 7        from revision 7 to the current one
  weir diff 7 9      from revision 7 to revision 9
`;

/** `weir diff`: what lies between revisions. */
export function diffCommand(deps: CliDeps): Command {
  const command = new Command('diff').description('show what lies between the running state and revisions');
  return command
    .addArgument(new Argument('[from]', 'revision; the running state when absent').argParser(revisionNumber))
    .addArgument(new Argument('[to]', 'revision; the current one when absent').argParser(revisionNumber))
    .option('--full', 'show every step, however many there are')
    .addHelpText('after', EXAMPLES)
    .action(async (from: number | undefined, to: number | undefined, flags: { readonly full?: boolean }) => {
      const context = contextOf(deps, command);
      const query = { from, to, ...viewOf(context, flags.full) };
      await context.withAgent((agent) => showPlan(context, () => agent.get<PlanReport>('/v1/diff', query)));
    });
}
