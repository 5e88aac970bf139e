// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { readDocuments } from '../change/files.ts';
import { type DocumentFlags, filesOf, withDocumentFlags } from '../change/options.ts';
import { askPlan, hasChanges, hasErrors, showPlan, withPeer } from '../change/plan.ts';
import { contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { EXIT, ExitWith } from '../exit.ts';

const EXAMPLES = `
Examples:
  weir plan -f uplink.yaml              what this file would change
  weir plan --prune                     what all of /etc/weir/conf.d would, and nothing else
  weir show state -o yaml | weir plan -f -   nothing, ever
  weir plan --detailed-exitcode         exit code 3 when there is something to change
`;

interface PlanFlags extends Partial<DocumentFlags> {
  readonly detailedExitcode?: boolean;
}

/** `weir plan`: what documents would change. Changes nothing. */
export function planCommand(deps: CliDeps): Command {
  const command = new Command('plan').description('show what documents would change, and change nothing');
  return withDocumentFlags(command)
    .option('--detailed-exitcode', 'end with 3 when there is something to change')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: PlanFlags) => {
      const context = contextOf(deps, command);
      const files = await readDocuments(filesOf(flags), deps.stdin);
      const request = withPeer(context, { files, prune: flags.prune === true });
      const plan = await context.withAgent((agent) =>
        showPlan(context, () => askPlan(context, agent, request, flags.full)),
      );
      if (hasErrors(plan)) throw new ExitWith(EXIT.error);
      if (flags.detailedExitcode && hasChanges(plan)) throw new ExitWith(EXIT.changes);
    });
}
