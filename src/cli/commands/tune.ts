// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { CliDeps } from '../deps.ts';
import { adviseCommand } from '../tune/advise.ts';
import { listCommand, profileCommand, showCommand } from '../tune/profile-commands.ts';
import { stopCommand, trialsCommand, tryCommand } from '../tune/try.ts';

const EXAMPLES = `
Examples:
  weir tune list                            profiles
  weir tune show gateway                    its settings, each with its reason
  weir tune profile gateway --dry-run       what it would change here, and why
  weir tune profile gateway                 change it, with plan, confirmation and way back
  weir tune advise                          what would make this node better, with evidence
  weir tune try softnet-drops --for 5m      follow advice, and keep it only if it helps
  weir tune trials                          what was tried, and what came of it
`;

/** `weir tune`: profiles, advice and trials. */
export function tuneCommand(deps: CliDeps): Command {
  return new Command('tune')
    .description('make the node better: profiles, advice, and trials with proof')
    .addHelpText('after', EXAMPLES)
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(profileCommand(deps))
    .addCommand(adviseCommand(deps))
    .addCommand(tryCommand(deps))
    .addCommand(trialsCommand(deps))
    .addCommand(stopCommand(deps));
}
