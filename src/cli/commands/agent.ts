// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import type { AgentOptions } from '../../api/agent-options.ts';
import type { CliDeps } from '../deps.ts';
import { ExitWith } from '../exit.ts';

const append = (value: string, before: readonly string[] = []) => [...before, value];

/** `weir agent`: observe this node until told to stop. */
export function agentCommand(deps: CliDeps): Command {
  return new Command('agent')
    .description('observe this node, serve the API and the metrics')
    .option('--config <file>', 'settings (default: /etc/weir/weir.yaml if it exists)')
    .option('--listen <address>', 'host:port of the metrics, or none')
    .option('--state-dir <directory>', 'where to keep state')
    .option('--pin-dir <directory>', 'where to pin eBPF programs, in a bpffs')
    .addOption(
      new Option('--log-level <level>', 'least level that is logged').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
    )
    .option('--set <key=value>', 'any other setting by its path; may be repeated', append)
    .action(async (_flags: unknown, command: Command) => {
      const { config, socket, listen, stateDir, pinDir, logLevel, set } =
        command.optsWithGlobals<AgentOptions>();
      // Only what was given: the agent's own defaults and variables fill the rest.
      const given = Object.entries({ config, socket, listen, stateDir, pinDir, logLevel, set });
      const options: AgentOptions = Object.fromEntries(given.filter(([, value]) => value !== undefined));
      throw new ExitWith(await deps.runAgent(options));
    });
}
