// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeStatus } from '../../api/schemas/change.ts';
import type { AgentClient } from '../client.ts';
import type { Context } from '../context.ts';

const CLEAR = '\r\u001b[K';
const INTERVAL_MS = 200;

/** Wait for `work`; on a terminal a line says meanwhile how far the agent is. */
export async function withProgress<T>(context: Context, agent: AgentClient, work: Promise<T>): Promise<T> {
  const { stderr } = context.deps;
  if ((stderr as Partial<typeof process.stderr>).isTTY !== true) return work;
  const ended = new AbortController();
  const shown = show(agent, ended.signal, (line) => void stderr.write(CLEAR + line));
  try {
    return await work;
  } finally {
    ended.abort();
    await shown;
    stderr.write(CLEAR);
  }
}

/** Whoever cannot tell how far it is says nothing: the answer to the change itself counts. */
async function show(agent: AgentClient, ended: AbortSignal, tell: (line: string) => void): Promise<void> {
  while (!ended.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) return;
    const status = await agent.get<ChangeStatus>('/v1/change').catch(() => undefined);
    if (status?.progress !== undefined && !ended.aborted) tell(progressLine(status.state, status.progress));
  }
}

function progressLine(state: string, { phase, done, total }: NonNullable<ChangeStatus['progress']>): string {
  const share = total === 0 ? '' : ` ${done}/${total} (${Math.floor((100 * done) / total)} %)`;
  return `${state}: ${phase}${share}`;
}
