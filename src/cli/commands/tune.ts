// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { CliDeps } from '../deps.ts';
import { listCommand, profileCommand, showCommand } from '../tune/profile-commands.ts';

const EXAMPLES = `
Examples:
  weir tune list                            profiles
  weir tune show gateway                    its settings, each with its reason
  weir tune profile gateway --dry-run       what it would change here, and why
  weir tune profile gateway                 change it, with plan, confirmation and way back
`;

/** `weir tune`: profiles of settings. */
export function tuneCommand(deps: CliDeps): Command {
  return new Command('tune')
    .description('settings for a purpose, with reasons')
    .addHelpText('after', EXAMPLES)
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(profileCommand(deps));
}
