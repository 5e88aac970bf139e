// SPDX-License-Identifier: Apache-2.0
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { netns } from '../helpers/netns.ts';
import { testAgent } from '../helpers/weir.ts';

test.for([1400, 1500])('a bridge keeps its MTU of %i when ports with others join', async (mtu) => {
  await using space = await netns('wX1-mtu');
  using folder = mkdtempDisposableSync(join(tmpdir(), 'weir-mtu-'));
  const file = join(folder.path, 'bridge.yaml');
  writeFileSync(
    file,
    `apiVersion: weir.dev/v1
kind: Network
metadata: { name: bridge }
spec:
  links:
    - { name: br0, kind: bridge, state: up, mtu: ${mtu} }
    - { name: v0, kind: veth, mtu: 1450, master: br0, veth: { peer: v1 } }
`,
  );
  await using agent = await testAgent(space.name, '--set', 'namespaces.discover=false');
  const answer = await agent.weir('apply', '-f', file, '--yes', '--no-confirm', '--probe', 'none');
  expect(answer).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(space.ip('-j', 'link', 'show', 'br0'))).toMatchObject([{ mtu }]);
});
