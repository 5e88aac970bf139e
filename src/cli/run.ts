// SPDX-License-Identifier: Apache-2.0
import { CommanderError } from 'commander';
import { isWeirError, messageOf, type PlacedProblem } from '../base/errors.ts';
import type { CliDeps } from './deps.ts';
import { EXIT, ExitWith } from './exit.ts';
import { asFailure, ReaderGone } from './output/sink.ts';
import { printable } from './output/text.ts';
import { createProgram } from './program.ts';

/**
 * Run one command line.
 *
 * @param args Without the program's name.
 * @returns the exit code. What went wrong was told on standard error.
 */
export async function runCli(deps: CliDeps, args: readonly string[]): Promise<number> {
  const { stdout } = deps;
  // what cannot be written is looked for at the end, also where nobody waits for it, as with a help text
  stdout.on('error', () => {});
  const code = await carriedOut(deps, args);
  return code === EXIT.done && stdout.errored ? explain(deps, asFailure(stdout.errored)) : code;
}

async function carriedOut(deps: CliDeps, args: readonly string[]): Promise<number> {
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
  stderr.write(textOf(error));
  if (isWeirError(error)) return error.kind.exit;
  // Whatever is not in the catalogue is a fault of ours: the stack tells us where.
  if (error instanceof Error) stderr.write(`${error.stack}\n`);
  return EXIT.error;
}

/** Several mistakes are told as compilers do, one on a line: editors jump to them. */
function textOf(error: unknown): string {
  const problems = isWeirError(error) ? error.problems : [];
  if (problems.length > 0) return problems.map((problem) => `${printable(placed(problem))}\n`).join('');
  return `weir: ${messageOf(error).split('\n').map(printable).join('\n')}\n`;
}

function placed({ file, line, column, document, path, problem }: PlacedProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = file === undefined ? ['weir', document] : [place];
  return [...where, path, problem].filter((part) => part !== undefined && part !== '').join(': ');
}
