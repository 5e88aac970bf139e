// SPDX-License-Identifier: Apache-2.0
// An agent that is killed in the middle of a trial leaves nothing behind, and says so when it is back.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TrialReport } from '../../src/api/schemas/advice.ts';
import { until } from '../helpers/advice.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { ask } from '../helpers/change-client.ts';
import { netns } from '../helpers/netns.ts';

test('a trial whose agent is killed is undone at the next start', async () => {
  await using ns = await netns('wt-kill');
  const directory = scratch();
  const value = () => ns.exec('sysctl', '-n', 'net.ipv4.tcp_fin_timeout').trim();
  try {
    {
      await using agent = await agentProcess({ netns: ns.name, directory });
      const { socketPath } = agent.to;
      const documents = [
        {
          apiVersion: 'weir.dev/v1',
          kind: 'Tuning',
          metadata: { name: 'short' },
          spec: { sysctls: { 'net.ipv4.tcp_fin_timeout': 50 } },
        },
      ];
      const body = { documents, metric: 'connections', seconds: 16 };
      expect(await ask(socketPath, 'POST', '/v1/tuning/trials', body)).toMatchObject({ status: 200 });
      const report = async () => (await ask(socketPath, 'GET', '/v1/tuning/trials/1')).body as TrialReport;
      await until(async () => (await report()).state === 'after');
      expect(value()).toBe('50');
      agent.signal('SIGKILL');
      await agent.ended();
    }
    expect(value()).toBe('50');
    rmSync(`${directory}/sock`, { force: true });
    await using agent = await agentProcess({ netns: ns.name, directory });
    expect(value()).toBe('60');
    const { body } = await ask(agent.to.socketPath, 'GET', '/v1/tuning/trials/1');
    expect(body).toMatchObject({
      state: 'interrupted',
      progress: 1,
      reason: expect.stringContaining('undone'),
    });
    const file = `${directory}/state/trials.json`;
    expect(existsSync(file) && JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ items: [{ id: 1 }] });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 120_000);
