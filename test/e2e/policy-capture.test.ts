// SPDX-License-Identifier: Apache-2.0
// What network policy says of the packets of a capture, as comments in the file.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentProcess } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { framesOf } from '../helpers/capture-agent.ts';
import { apply } from '../helpers/change-client.ts';
import { policyStar } from '../helpers/policy-star.ts';
import { WEIR } from '../helpers/weir.ts';

const [A4, B4, C4] = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const;
const MEMBERS = [
  { name: 'a', addresses: [A4] },
  { name: 'b', addresses: [B4] },
  { name: 'c', addresses: [C4] },
];
/** Only a reaches b. */
const POLICY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'b', namespace: 'x' },
  spec: {
    podSelector: { matchLabels: { pod: 'b' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'a' } } }], ports: [{ port: 80 }] }],
  },
};

test('a capture gets who decides about each packet as its comment', async () => {
  await using star = await policyStar(MEMBERS);
  using pins = bpffs();
  await using agent = await agentProcess({
    netns: star.hub.name,
    args: ['--pin-dir', pins.path, '--set', 'telemetry.disable=all'],
  });
  const weir = (...args: readonly string[]) => {
    const words = [WEIR[1] as string, '--socket', agent.to.socketPath, ...args];
    const { status, stdout, stderr } = spawnSync(WEIR[0] as string, words);
    return { status, out: stdout, err: stderr.toString() };
  };
  await star.member('b').peer.serve('TCP', 80);
  const endpoints = [...star.members].map(([name, { device, addresses }]) => ({
    apiVersion: 'weir.dev/v1',
    kind: 'Endpoint',
    metadata: { name, namespace: 'x', labels: { pod: name } },
    spec: { devices: [device], addresses },
  }));
  await apply(agent.to.socketPath, [...endpoints, POLICY], { confirmSeconds: 0, probes: ['none'] });
  const seen = ['-f', 'tcp port 80', '-w', 'seen.pcapng', '--detach', '-o', 'json'];
  const begun = weir('capture', 'w0', 'w1', 'w2', ...seen);
  const { id, files } = JSON.parse(begun.out.toString()) as { id: string; files: string[] };
  const reach = (from: string) =>
    star.member(from).peer.probe([{ to: B4, port: 80, protocol: 'TCP', timeoutMs: 700 }]);
  await expect.poll(() => reach('a'), { timeout: 20_000 }).toEqual(['open']);
  expect(await reach('c')).toEqual(['silent']);
  expect(weir('capture', 'stop', id).status).toBe(0);

  const why = join(agent.directory, 'why.pcapng');
  const explain = ['policy', 'explain', '--capture', files[0] as string];
  expect(weir(...explain, '-w', why)).toMatchObject({ status: 0, err: '' });
  const whole = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.time_epoch', 'tcp.seq_raw'];
  expect(await framesOf(why, ...whole)).toEqual(await framesOf(files[0] as string, ...whole));
  const frames = await framesOf(why, 'ip.src', 'tcp.dstport', 'frame.comment');
  const commentsOf = (from: string) =>
    new Set(frames.filter((one) => one.startsWith(`${from}\t80\t`)).map((one) => one.split('\t')[2]));
  const begins = (pod: string) => `policy for something new: egress of x/${pod}: allow: no policy`;
  expect(commentsOf(A4)).toEqual(
    new Set([`${begins('a')}; ingress of x/b: allow by NetworkPolicy/x/b rule 0`]),
  );
  expect(commentsOf(C4)).toEqual(new Set([`${begins('c')}; ingress of x/b: deny: isolated`]));

  expect(weir(...explain, '-w', why)).toMatchObject({ err: expect.stringContaining('EEXIST') });
  expect(weir('policy', 'explain', '-w', why).err).toContain('--write needs a --capture');
  expect(weir(...explain, '-w', '-').out.equals(readFileSync(why))).toBe(true);
});
