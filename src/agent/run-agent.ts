// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import type { AgentOptions } from '../api/agent-options.ts';
import { Agent } from './agent.ts';
import { dropStartupGarbage } from './memory.ts';

/** Milliseconds after which an agent that cannot end is ended. */
const STOP_MS = 8_000;

/**
 * Run the agent until SIGTERM or SIGINT; SIGHUP makes it read its settings anew.
 * @returns the exit code: 0 after a clean end, 1 when something hung.
 * @throws {WeirError} when it cannot start.
 */
export async function runAgent(options: AgentOptions, version: string): Promise<number> {
  const { agent, log } = await Agent.start(options, version);
  dropStartupGarbage();
  const reload = () => void agent.reload();
  process.on('SIGHUP', reload);
  const signal = await nextSignal();
  log.log.info({ signal }, 'stopping');
  const hung = setTimeout(() => {
    log.log.error('something hangs: ending without it');
    log.flush();
    process.exit(1);
  }, STOP_MS);
  await agent.stop();
  clearTimeout(hung);
  process.off('SIGHUP', reload);
  log.log.info('stopped');
  log.flush();
  return 0;
}

/** The first of the signals that end the agent; a second one finds the default action. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      resolve(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
