// SPDX-License-Identifier: Apache-2.0
// The program. Only the command line is loaded at once: the agent and the lab come when they are asked for, so that
// `weir status` starts fast.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { LabCommands } from '../cli/deps.ts';
import { runCli } from '../cli/run.ts';
import { keepHeapSmall } from './memory.ts';

const manifest = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

const lab = async (): Promise<LabCommands> => {
  const [{ createLab }, { labHost }] = await Promise.all([import('../lab/lab.ts'), import('./lab-host.ts')]);
  return createLab(labHost());
};

process.exitCode = await runCli(
  {
    version,
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    runAgent: async (options) => {
      keepHeapSmall();
      const { runAgent } = await import('./run-agent.ts');
      return runAgent(options, version);
    },
    uninstall: async (options) => (await import('./uninstall.ts')).uninstall(options),
    lab: {
      up: async (name) => (await lab()).up(name),
      down: async (name) => (await lab()).down(name),
      status: async (name) => (await lab()).status(name),
      exec: async (name, node, command) => (await lab()).exec(name, node, command),
    },
  },
  process.argv.slice(2),
);
