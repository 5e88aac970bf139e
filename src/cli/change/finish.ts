// SPDX-License-Identifier: Apache-2.0
import type { ApplyReport } from '../../api/schemas/change.ts';
import type { AgentClient } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, ExitWith } from '../exit.ts';
import { printable } from '../output/text.ts';
import { reportLines } from './report.ts';
import { awaitConfirmation } from './wait.ts';

/**
 * Tell what became of a change; where `wait` is set, wait for its confirmation.
 * @throws {ExitWith} 4 when it failed.
 */
export async function finish(
  context: Context,
  agent: AgentClient,
  first: ApplyReport,
  wait: boolean,
): Promise<void> {
  await tell(context, first);
  if (wait && first.status === 'unconfirmed') {
    const last = await awaitConfirmation(context, agent, first);
    context.deps.stderr.write('\r\u001b[K');
    await tell(context, last);
    fail(last);
  }
  fail(first);
}

function fail({ error }: ApplyReport): void {
  if (error !== undefined) throw new ExitWith(EXIT.rolledBack);
}

async function tell(context: Context, report: ApplyReport): Promise<void> {
  const text = () =>
    reportLines(report)
      .map((line) => line.map((span) => ({ ...span, text: printable(span.text) })))
      .map((line) => `${context.paint(line)}\n`)
      .join('');
  if (context.output === 'table' && report.error !== undefined) context.deps.stderr.write(`weir: ${text()}`);
  else await context.document(report, text);
}
