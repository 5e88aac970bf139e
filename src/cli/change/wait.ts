// SPDX-License-Identifier: Apache-2.0
// The time between a change and its confirmation, on a terminal.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplyReport, ChangeStatus, RevisionDetail } from '../../api/schemas/change.ts';
import type { AgentClient } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, ExitWith } from '../exit.ts';
import { ask, discardTypeAhead } from './question.ts';
import { clockOf } from './report.ts';

const CLEAR = '\r\u001b[K';

/** How the wait ended. */
type End = 'confirm' | 'rollback' | 'leave' | 'over';

/**
 * Count down until the operator confirms (Enter), rolls back (n) or leaves (^C): the timer is the agent's and runs on.
 * @returns the report of what was done last.
 */
export async function awaitConfirmation(
  context: Context,
  agent: AgentClient,
  report: ApplyReport,
): Promise<ApplyReport> {
  const { revision } = report;
  const end = await decide(context, agent, report);
  if (end === 'confirm') return agent.post<ApplyReport>('/v1/confirm', { revision });
  if (end === 'rollback') return agent.post<ApplyReport>('/v1/rollback', {});
  if (end === 'leave') {
    const until = clockOf(report.deadline);
    context.deps.stderr.write(
      `\nThe timer runs on: revision ${revision} is undone at ${until} unless confirmed with: weir confirm\n`,
    );
    throw new ExitWith(EXIT.done);
  }
  return outcome(agent, report);
}

async function decide(context: Context, agent: AgentClient, report: ApplyReport): Promise<End> {
  const ended = new AbortController();
  let leave = (): void => {};
  const left = new Promise<End>((resolve) => {
    leave = () => resolve('leave');
  });
  process.once('SIGINT', leave);
  const { stderr } = context.deps;
  await discardTypeAhead(context);
  try {
    return await Promise.race([
      left,
      answered(context, ended.signal),
      whileUnconfirmed(agent, report, ended.signal, (line) => void stderr.write(CLEAR + line)),
    ]);
  } finally {
    ended.abort();
    process.off('SIGINT', leave);
  }
}

async function answered(context: Context, signal: AbortSignal): Promise<End> {
  for (;;) {
    const answer = await ask(context, '', signal);
    if (answer === undefined) return 'leave';
    if (['', 'y', 'yes'].includes(answer)) return 'confirm';
    if (['n', 'no'].includes(answer)) return 'rollback';
  }
}

/** Until the agent says that nothing waits any more: somebody else confirmed, or nobody did. */
async function whileUnconfirmed(
  agent: AgentClient,
  { revision, deadline }: ApplyReport,
  ended: AbortSignal,
  tell: (line: string) => void,
): Promise<End> {
  const end = Date.parse(deadline ?? '');
  while (!ended.aborted) {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    tell(
      `Keep revision ${revision}? Enter confirms, n undoes it, ^C leaves the timer running: ${seconds} s `,
    );
    await sleep(1000, undefined, { signal: ended }).catch(() => {});
    // A path that is cut answers nothing: then the countdown is all there is to see.
    const status = await agent.get<ChangeStatus>('/v1/change').catch(() => undefined);
    if (status !== undefined && status.state !== 'unconfirmed' && status.state !== 'rolling-back')
      return 'over';
  }
  return 'over';
}

async function outcome(agent: AgentClient, report: ApplyReport): Promise<ApplyReport> {
  const { revision } = report;
  const { state, error } = await agent.get<RevisionDetail>(`/v1/revisions/${revision}`);
  const status = state === 'confirmed' || state === 'rollback-failed' ? state : 'rolled-back';
  if (status === 'confirmed') return { ...report, status };
  return { ...report, status, error: error ?? 'nobody confirmed it in time' };
}
