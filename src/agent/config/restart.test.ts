// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loadSettings } from './load.ts';
import { waitingForRestart } from './restart.ts';

const TLS = ['http.tls.certificate=/a', 'http.tls.key=/k'];

async function waiting(before: readonly string[], after: readonly string[]): Promise<readonly string[]> {
  const settings = async (set: readonly string[]) =>
    (await loadSettings({ config: '/dev/null', set: [...set] }, {})).settings;
  return waitingForRestart(await settings(before), await settings(after));
}

test('what a running agent takes up is none of it', async () => {
  const after = ['log.level=debug', 'http.tokens=/t', 'http.tls.certificate=/b', 'http.tls.key=/k'];
  expect(await waiting(TLS, after)).toEqual([]);
});

test('the rest is named, each by its path', async () => {
  const after = ['stateDir=/elsewhere', 'metrics.budgets.node_arp_entries=7', 'http.limits.connections=3'];
  expect(await waiting([], after)).toEqual(['stateDir', 'metrics.budgets', 'http.limits.connections']);
});

test('to begin with TLS, or to end it, takes a start', async () => {
  expect(await waiting([], TLS)).toEqual(['http.tls.certificate', 'http.tls.key', 'http.tls.clients']);
  expect(await waiting(TLS, [])).toEqual(['http.tls.certificate', 'http.tls.key', 'http.tls.clients']);
});
