// SPDX-License-Identifier: Apache-2.0
import type { ApplyReport } from '../../api/schemas/change.ts';
import type { AgentClient } from '../client.ts';
import type { Context } from '../context.ts';
import { EXIT, ExitWith } from '../exit.ts';
import { finish } from './finish.ts';
import { type ChangeFlags, changeOptions, sshPeer } from './options.ts';
import { withProgress } from './progress.ts';
import { ask, canAsk } from './question.ts';

/** Ask, take a document away, and wait for the confirmation. @param what `the policy web`. */
export async function deleteDocument(
  context: Context,
  agent: AgentClient,
  { what, path }: { readonly what: string; readonly path: string },
  flags: ChangeFlags,
): Promise<void> {
  const asks = canAsk(context) && flags.yes !== true;
  if (asks && (await ask(context, `Take ${what} away? [y/N] `))?.startsWith('y') !== true) {
    context.deps.stderr.write('Nothing was changed.\n');
    throw new ExitWith(EXIT.error);
  }
  const { probes, ...rest } = changeOptions(flags);
  const peer = sshPeer(context.deps);
  const query = { ...rest, ...(probes && { probes: probes.join(',') }), ...(peer !== undefined && { peer }) };
  const { ifRevision } = flags;
  const options = { query, ...(ifRevision !== undefined && { ifRevision }) };
  const work = agent.delete<ApplyReport>(path, options);
  await finish(context, agent, await withProgress(context, agent, work), asks);
}
