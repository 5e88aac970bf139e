// SPDX-License-Identifier: Apache-2.0
import { access, constants, lstat } from 'node:fs/promises';
import type { NodeInfo } from '../../api/schemas/node.ts';
import { isWeirError } from '../../base/errors.ts';
import type { AgentClient } from '../client.ts';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'failure';
  /** What was found, and how to mend it when it is not ok. */
  readonly found: string;
}

const ok = (name: string, found: string): Check => ({ name, result: 'ok', found });
const warning = (name: string, found: string): Check => ({ name, result: 'warning', found });
const failure = (name: string, found: string): Check => ({ name, result: 'failure', found });

/** The files that the agent and this program meet at. */
export async function checkFiles(
  socket: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const config = env['WEIR_CONFIG'] || '/etc/weir/weir.yaml';
  return [await checkSocket(socket), await checkReadable('settings', config), checkLocale(env)];
}

async function checkSocket(path: string): Promise<Check> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined)
    return failure('socket', `${path} does not exist: start the agent, or use --socket`);
  return stat.isSocket() ? ok('socket', path) : failure('socket', `${path} is not a socket`);
}

async function checkReadable(name: string, path: string): Promise<Check> {
  try {
    await access(path, constants.R_OK);
    return ok(name, path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return missing ? ok(name, `${path} is absent: defaults apply`) : warning(name, `${path} cannot be read`);
  }
}

function checkLocale(env: Readonly<Record<string, string | undefined>>): Check {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const utf8 = /utf-?8/i.test(locale);
  return ok('locale', utf8 ? locale : `${locale || 'none'}: top draws with ASCII; set LANG=C.UTF-8 for more`);
}

/** What the agent says of itself; one failed check when it does not answer. */
export async function checkAgent(agent: AgentClient): Promise<readonly Check[]> {
  try {
    return nodeChecks(await agent.get<NodeInfo>('/v1/node'));
  } catch (error) {
    if (isWeirError(error)) return [failure('agent', error.message)];
    throw error;
  }
}

/** The checks that follow from what an agent reported. */
export function nodeChecks(info: NodeInfo): readonly Check[] {
  const { missing } = info.rights;
  const waiting = info.namespaces
    .filter((namespace) => !namespace.synchronised)
    .map((one) => one.name || '(own)');
  return [
    ok('agent', `weir ${info.agent.version} answers, pid ${info.agent.pid}`),
    missing.length === 0
      ? ok('rights', 'all that Weir uses')
      : warning('rights', `missing ${missing.join(', ')}: run the agent as root or grant them in its unit`),
    waiting.length === 0
      ? ok('namespaces', `${info.namespaces.length} watched, all synchronised`)
      : warning('namespaces', `still reading ${waiting.join(', ')}`),
    ...info.features.map(({ name, supported, reason }) =>
      supported ? ok(`kernel: ${name}`, 'supported') : warning(`kernel: ${name}`, reason ?? 'not supported'),
    ),
    ...info.degraded.map((reason) => warning('degraded', reason)),
  ];
}
