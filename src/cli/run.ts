// SPDX-License-Identifier: Apache-2.0
import { CommanderError } from 'commander';
import { isWeirError, messageOf } from '../base/errors.ts';
import type { CliDeps } from './deps.ts';
import { EXIT, ExitWith } from './exit.ts';
import { ReaderGone } from './output/sink.ts';
import { printable } from './output/text.ts';
import { createProgram } from './program.ts';

/**
 * Run one command line.
 *
 * @param args Without the program's name.
 * @returns the exit code. What went wrong was told on standard error.
 */
export async function runCli(deps: CliDeps, args: readonly string[]): Promise<number> {
  try {
    const program = createProgram(deps);
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return explain(deps, error);
  }
}

/** Commander has told its errors already; help that was asked for is none. */
function explain({ stderr }: CliDeps, error: unknown): number {
  if (error instanceof ReaderGone) return EXIT.done;
  if (error instanceof ExitWith) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  stderr.write(`weir: ${messageOf(error).split('\n').map(printable).join('\n')}\n`);
  if (isWeirError(error)) return error.kind.exit;
  // Whatever is not in the catalogue is a fault of ours: the stack tells us where.
  if (error instanceof Error) stderr.write(`${error.stack}\n`);
  return EXIT.error;
}
