// SPDX-License-Identifier: Apache-2.0
import { Argument, Command } from 'commander';
import type { ApplyReport, ChangeStatus, PlanReport } from '../../api/schemas/change.ts';
import { finish } from '../change/finish.ts';
import { type ChangeFlags, changeOptions, revisionNumber, withChangeFlags } from '../change/options.ts';
import { viewOf } from '../change/plan.ts';
import { withProgress } from '../change/progress.ts';
import { ask, canAsk } from '../change/question.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { EXIT, ExitWith } from '../exit.ts';

const EXAMPLES = `
Examples:
  weir rollback        undo what waits for its confirmation, else the last revision
  weir rollback 7      bring back the documents of revision 7
  weir rollback 0      give the node back as it was before Weir
`;

/** `weir rollback`: undo, or go back to a revision. Going back is a change like others, with plan and confirmation. */
export function rollbackCommand(deps: CliDeps): Command {
  const command = new Command('rollback').description('undo the last change, or bring back a revision');
  return withChangeFlags(command)
    .addArgument(new Argument('[revision]', 'which one to bring back').argParser(revisionNumber))
    .addHelpText('after', EXAMPLES)
    .action(async (revision: number | undefined, flags: ChangeFlags) => {
      const context = contextOf(deps, command);
      await context.withAgent((agent) => rollback(context, agent, revision, flags));
    });
}

async function rollback(
  context: Context,
  agent: AgentClient,
  revision: number | undefined,
  flags: ChangeFlags,
): Promise<void> {
  if (canAsk(context) && !flags.yes) await mustBeWanted(context, agent, revision);
  const body = { ...changeOptions(flags), ...(revision !== undefined && { revision }) };
  const options = flags.ifRevision === undefined ? {} : { ifRevision: flags.ifRevision };
  const work = agent.post<ApplyReport>('/v1/rollback', body, options);
  await finish(context, agent, await withProgress(context, agent, work), canAsk(context) && !flags.yes);
}

/** What waits for a confirmation is undone without a question: that is quick, and what happens anyway. */
async function mustBeWanted(
  context: Context,
  agent: AgentClient,
  revision: number | undefined,
): Promise<void> {
  const { state } = await agent.get<ChangeStatus>('/v1/change');
  if (state !== 'idle') return;
  if (revision !== undefined) {
    const plan = await agent.get<PlanReport>('/v1/diff', { ...viewOf(context), to: revision });
    await context.out.write(plan.text ?? '');
  }
  const which = revision === undefined ? 'Undo the last revision' : `Bring back revision ${revision}`;
  const answer = await ask(context, `\n${which}? [y/N] `);
  if (answer === 'y' || answer === 'yes') return;
  context.deps.stderr.write('Nothing was changed.\n');
  throw new ExitWith(EXIT.error);
}
