// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import type { AgentOptions } from '../api/agent-options.ts';
import { WeirError } from '../base/errors.ts';
import { isOnBpffs } from '../kernel/bpf/bpffs.ts';
import { loadSettings } from './config/load.ts';

/**
 * Remove what outlives the agent in the kernel: its pinned eBPF programs, which are detached by that, and maps.
 * @returns the directories that were removed.
 * @throws {WeirError} `AGENT_RUNNING` while an agent answers.
 */
export async function uninstall(options: AgentOptions): Promise<readonly string[]> {
  const { settings } = await loadSettings(options, process.env);
  const { pinDir, socket } = settings;
  if (await isAnswering(socket)) throw new WeirError('AGENT_RUNNING', { socket });
  if (!existsSync(pinDir) || !isOnBpffs(pinDir)) return [];
  const removed = readdirSync(pinDir).flatMap((part) =>
    readdirSync(join(pinDir, part)).map((name) => join(pinDir, part, name)),
  );
  rmSync(pinDir, { recursive: true });
  return removed;
}

function isAnswering(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
