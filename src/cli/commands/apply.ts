// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { ApplyReport } from '../../api/schemas/change.ts';
import { readDocuments } from '../change/files.ts';
import { finish } from '../change/finish.ts';
import {
  type ChangeFlags,
  changeOptions,
  type DocumentFlags,
  filesOf,
  withChangeFlags,
  withDocumentFlags,
} from '../change/options.ts';
import { askPlan, hasChanges, hasErrors, withPeer } from '../change/plan.ts';
import { withProgress } from '../change/progress.ts';
import { ask, canAsk } from '../change/question.ts';
import type { AgentClient } from '../client.ts';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { EXIT, ExitWith } from '../exit.ts';

const EXAMPLES = `
The change is undone unless it is confirmed in time (120 s), by the agent itself: also when you cannot reach it any
more. A change that fails, or after which a probe fails, is undone at once, and the exit code is 4.

Examples:
  weir apply -f uplink.yaml                        show the plan, ask, apply, wait for the confirmation
  weir apply -f uplink.yaml --yes --confirm 5m     in a script; "weir confirm" within five minutes keeps it
  weir apply -f uplink.yaml --yes --no-confirm     keep it at once if all went well
  weir apply --prune --probe ping:192.0.2.1        all of /etc/weir/conf.d and nothing else
`;

type ApplyFlags = Partial<DocumentFlags> & ChangeFlags;

/** `weir apply`: change the node to what documents say. */
export function applyCommand(deps: CliDeps): Command {
  const command = new Command('apply').description(
    'change the node to what documents say, or to nothing at all',
  );
  return withChangeFlags(withDocumentFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ApplyFlags) => {
      const context = contextOf(deps, command);
      const files = await readDocuments(filesOf(flags), deps.stdin);
      const request = withPeer(context, { files, prune: flags.prune === true });
      await context.withAgent((agent) => applyRequest(context, agent, request, flags));
    });
}

/** Show the plan, ask, apply, and wait for the confirmation. */
export async function applyRequest(
  context: Context,
  agent: AgentClient,
  request: object,
  flags: ApplyFlags,
): Promise<void> {
  const revision = await accepted(context, agent, request, flags);
  const ifRevision = flags.ifRevision ?? revision;
  const body = { ...request, ...changeOptions(flags) };
  const options = ifRevision === undefined ? {} : { ifRevision };
  const work = agent.post<ApplyReport>('/v1/apply', body, options);
  const report = await withProgress(context, agent, work);
  await finish(context, agent, report, canAsk(context) && flags.yes !== true);
}

/**
 * Show the plan and ask whether to go on, where there is somebody to ask.
 * @returns the revision that the plan starts from: applying to another one would not be what was shown.
 */
async function accepted(
  context: Context,
  agent: AgentClient,
  request: object,
  flags: ApplyFlags,
): Promise<number | undefined> {
  if (context.output !== 'table') return undefined;
  const plan = await askPlan(context, agent, request, flags.full);
  await context.out.write(plan.text ?? '');
  if (hasErrors(plan)) throw new ExitWith(EXIT.error);
  if (flags.yes || !canAsk(context) || !hasChanges(plan)) return plan.revision;
  const answer = await ask(context, '\nApply this? [y/N] ');
  if (answer === 'y' || answer === 'yes') return plan.revision;
  context.deps.stderr.write('Nothing was changed.\n');
  throw new ExitWith(EXIT.error);
}
