// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { type Context, contextOf } from '../context.ts';
import type { CliDeps } from '../deps.ts';
import { byWeight, type Check } from '../doctor/check.ts';
import { checkAgent, checkFiles } from '../doctor/checks.ts';
import { EXIT, ExitWith } from '../exit.ts';
import type { Tone } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';

const TONES: Readonly<Record<Check['result'], Tone>> = { ok: 'good', warning: 'warn', failure: 'bad' };

const COLUMNS: readonly Column<Check>[] = [
  { title: 'CHECK', value: (check) => check.name, tone: () => 'strong' },
  { title: 'RESULT', value: (check) => check.result, tone: (check) => TONES[check.result] },
  { title: 'FOUND', value: ({ found, fix }) => (fix === undefined ? found : `${found}: ${fix}`) },
];

/** `weir doctor`: what is wrong here, if anything. Fails when a check does. */
export function doctorCommand(deps: CliDeps): Command {
  const command = new Command('doctor').description(
    'what is wrong with this node, by weight, and how to mend it',
  );
  return command.action(() => doctor(contextOf(deps, command)));
}

async function doctor(context: Context): Promise<void> {
  const checks = byWeight([
    ...(await checkFiles(context.socket, context.deps.env)),
    ...(await context.withAgent((agent) => checkAgent(agent))),
  ]);
  await context.document(checks, () => renderTable(COLUMNS, checks, context.paint));
  if (checks.some((check) => check.result === 'failure')) throw new ExitWith(EXIT.error);
}
