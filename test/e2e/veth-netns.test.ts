// SPDX-License-Identifier: Apache-2.0
// The other end of a cable is made in another namespace; both ends may be declared by naming each other.
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { netns } from '../helpers/netns.ts';
import { testAgent } from '../helpers/weir.ts';

const APPLY = ['--yes', '--no-confirm', '--probe', 'none'];

test('a cable into another namespace comes, stays as it is and goes', async () => {
  await using near = await netns('wA-near');
  await using far = await netns('wA-far');
  using folder = mkdtempDisposableSync(join(tmpdir(), 'weir-cable-'));
  const file = join(folder.path, 'cable.yaml');
  const cable = `{ name: v0, kind: veth, state: up, veth: { peer: eth0, peer_netns: ${far.name} } }`;
  writeFileSync(
    file,
    documentOf([
      cable,
      '{ name: v2, kind: veth, mtu: 1400, veth: { peer: v1 } }',
      '{ name: v1, kind: veth, veth: { peer: v2 } }',
    ]),
  );
  await using agent = await testAgent(near.name, '--set', 'namespaces.discover=false');

  expect(await agent.weir('apply', '-f', file, ...APPLY)).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(far.ip('-j', 'link', 'show', 'eth0'))).toHaveLength(1);
  expect(JSON.parse(near.ip('-j', 'link', 'show', 'v2'))).toMatchObject([{ mtu: 1400, link: 'v1' }]);
  const plan = await agent.weir('plan', '-f', file, '--detailed-exitcode');
  expect(plan).toMatchObject({ status: 0, stderr: '' });

  writeFileSync(file, documentOf(['{ name: v1, kind: veth, veth: { peer: v2 } }']));
  expect(await agent.weir('apply', '-f', file, ...APPLY)).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(far.ip('-j', 'link', 'show'))).toHaveLength(1);

  expect(await agent.weir('rollback', '1', ...APPLY)).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(far.ip('-j', 'link', 'show', 'eth0'))).toHaveLength(1);
});

function documentOf(links: readonly string[]): string {
  const items = links.map((link) => `    - ${link}`).join('\n');
  return `apiVersion: weir.dev/v1\nkind: Network\nmetadata: { name: cable }\nspec:\n  links:\n${items}\n`;
}
