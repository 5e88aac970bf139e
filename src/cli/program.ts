// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import { agentCommand } from './commands/agent.ts';
import { applyCommand } from './commands/apply.ts';
import { captureCommand } from './commands/capture.ts';
import { completionCommand } from './commands/completion.ts';
import { confirmCommand } from './commands/confirm.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { dropsCommand } from './commands/drops.ts';
import { historyCommand } from './commands/history.ts';
import { labCommand } from './commands/lab.ts';
import { planCommand } from './commands/plan.ts';
import { policyCommand } from './commands/policy.ts';
import { programCommand } from './commands/program.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { showCommand } from './commands/show.ts';
import { statusCommand } from './commands/status.ts';
import { topCommand } from './commands/top.ts';
import { tuneCommand } from './commands/tune.ts';
import { uninstallCommand } from './commands/uninstall.ts';
import { versionCommand } from './commands/version.ts';
import { DEFAULT_SOCKET } from './context.ts';
import type { CliDeps } from './deps.ts';
import { OUTPUT_FORMATS } from './output/list.ts';

/** Every verb, in the order of the help. */
const COMMANDS: readonly ((deps: CliDeps) => Command)[] = [
  agentCommand,
  statusCommand,
  showCommand,
  planCommand,
  applyCommand,
  confirmCommand,
  rollbackCommand,
  historyCommand,
  diffCommand,
  topCommand,
  policyCommand,
  programCommand,
  dropsCommand,
  captureCommand,
  tuneCommand,
  labCommand,
  doctorCommand,
  uninstallCommand,
  completionCommand,
  versionCommand,
];

/**
 * The command line as commander runs it. Errors are thrown, never turned into an exit of the process: `runCli` decides
 * about that.
 */
export function createProgram(deps: CliDeps): Command {
  const program = new Command('weir')
    .description('Edge networking and kernel telemetry of a Linux node')
    .version(deps.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
    .addOption(
      new Option('-o, --output <format>', 'form of the output').choices(OUTPUT_FORMATS).default('table'),
    )
    .option('--socket <path>', `socket of the agent (default: WEIR_SOCKET or ${DEFAULT_SOCKET})`)
    .option('--no-color', 'no colours, as with NO_COLOR');
  for (const command of COMMANDS) program.addCommand(command(deps));
  for (const command of everyCommand(program)) settle(command, deps);
  return program;
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Settings that addCommand does not hand down. */
function settle(command: Command, { stdout, stderr }: CliDeps): void {
  command
    .exitOverride()
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'weir: ')),
    });
}
