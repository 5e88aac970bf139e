// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { CallerPath } from '../../plan/plan.ts';
import { chooseProbes } from './choose.ts';

/** What the probe of the gateway says where the node has these routes: prefixes of text, longest first. */
function gatewayWith(routes: Readonly<Record<string, string>>): Promise<void> {
  const [probe] = chooseProbes(
    {
      open: () => Promise.reject(new Error('the gateway is asked')),
      pathTo: async (peer): Promise<CallerPath | undefined> => {
        const route = Object.entries(routes).find(([start]) => peer.startsWith(start))?.[1];
        return route === undefined ? undefined : { peer, dev: 'up0', gateway: '10.0.0.1', route };
      },
    },
    [],
    [],
  );
  if (probe === undefined) throw new Error('there is no probe');
  return probe.attempt();
}

test.each([
  ['a default route', { '': 'main default' }],
  ['one with a metric', { '': 'main default metric 100' }],
  ['one of IPv6 alone', { '2': 'main ::/0 metric 1024' }],
  ['the halves of one', { '1': 'main 128.0.0.0/1' }],
  [
    'routes for addresses of documents besides',
    { '198.51.100.': 'main 198.51.100.0/24', '': 'main default' },
  ],
])('the gateway of %s is asked', async (_what, routes) => {
  await expect(gatewayWith(routes)).rejects.toThrow('the gateway is asked');
});

test.each([
  ['no routes', {}],
  ['routes for addresses of documents alone', { '198.51.100.': 'main 198.51.100.0/24' }],
])('with %s there is no default route', async (_what, routes) => {
  await expect(gatewayWith(routes)).rejects.toThrow('there is no default route');
});
