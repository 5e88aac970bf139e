// SPDX-License-Identifier: Apache-2.0
// What `weir policy explain` says, of a packet in words and of those of a capture.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExplainReport } from '../../src/api/schemas/policies.ts';
import { apply } from '../helpers/change-client.ts';
import type { TestNetns } from '../helpers/netns.ts';
import { AT_ONCE, endpoints, onlyFrom, policyAgentNode, weir } from '../helpers/policy-agent.ts';
import { A4, B4, C4, probe } from '../helpers/policy-probing.ts';

/** Each packet is in the file as soon as it is seen. */
const DUMP = ['--immediate-mode', '-U', '-w'];

/** What passes a device of the namespace while `work` is done, as tcpdump writes it. */
async function captured(
  ns: TestNetns,
  file: string,
  words: readonly string[],
  work: () => Promise<unknown>,
): Promise<void> {
  const child = spawn('nsenter', [`--net=/run/netns/${ns.name}`, 'tcpdump', ...DUMP, file, ...words]);
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += String(bytes);
  });
  await expect.poll(() => said, { timeout: 10_000 }).toContain('listening');
  await work();
  child.kill('SIGINT');
  await ended;
}

test('packets of a capture are explained, those that are whole also where it is cut off', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  await apply(agent.to.socketPath, [...endpoints(star), onlyFrom('a')], AT_ONCE);
  const { peer, device } = star.member('a');
  const file = join(made.directory, 'a.pcap');
  const syn = ['-i', device, 'tcp[tcpflags] == tcp-syn'];
  await captured(star.hub, file, syn, async () => {
    for (const [to, port] of [
      [B4, 80],
      [B4, 81],
      [C4, 82],
    ] as const)
      await peer.probe([probe(to, port)]);
  });

  const explain = (...args: readonly string[]) =>
    weir(agent, ...args, 'policy', 'explain', '--capture', file);
  const whole = explain();
  expect(whole).toMatchObject({ status: 0, err: '' });
  const heads = whole.out.split('\n').filter((line) => /^\d/.test(line));
  expect(heads).toEqual([
    expect.stringMatching(new RegExp(`^1: tcp ${A4}:\\d+ -> ${B4}:80: allow$`)),
    expect.stringMatching(new RegExp(`^2: tcp ${A4}:\\d+ -> ${B4}:81: deny$`)),
    expect.stringMatching(new RegExp(`^3: tcp ${A4}:\\d+ -> ${C4}:82: allow$`)),
  ]);
  expect(whole.out).toContain('ingress of x/b: allow by NetworkPolicy/x/b rule 0');
  expect(whole.out).toContain('ingress of x/b: deny: a policy isolates it and none allows this');
  expect(whole.out).toContain('ingress of x/c: allow: no policy says anything about it');
  expect(whole.out).not.toContain('cut off');

  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, -10));
  const cut = explain();
  expect(cut).toMatchObject({ status: 0, err: '' });
  expect(cut.out.split('\n').filter((line) => /^\d/.test(line))).toEqual(heads.slice(0, 2));
  expect(cut.out).toMatch(/\nThe capture is cut off: its last \d+ bytes are no whole packet\.\n$/);
  const report = JSON.parse(explain('-o', 'json').out) as ExplainReport;
  // each record has 16 bytes before its packet: three of one size behind a header of 24
  expect(report.cutOff).toBe((bytes.length - 24) / 3 - 10);
  expect(report.packets).toHaveLength(2);
  writeFileSync(file, bytes.subarray(0, 10));
  expect(explain()).toMatchObject({ status: 1, err: expect.stringContaining('the header is cut off') });

  // of all devices, which has another header
  await captured(star.member('a').ns, file, ['-i', 'any', ...syn.slice(2)], () =>
    peer.probe([probe(B4, 81)]),
  );
  expect(explain().out).toMatch(new RegExp(`^1: tcp ${A4}:\\d+ -> ${B4}:81: deny\n`));
});

test('model and program say in words why nothing was decided by a rule, and names are helped with', async () => {
  await using made = await policyAgentNode();
  const { star } = made;
  await using agent = await made.agent();
  await apply(agent.to.socketPath, [...endpoints(star), onlyFrom('a')], AT_ONCE);
  const explain = (from: string, to: string) =>
    weir(agent, 'policy', 'explain', '--from', from, '--to', to, '--port', '80');
  const nothing = 'allow: no policy says anything about it';
  const isolated = 'deny: a policy isolates it and none allows this';
  const { out } = explain('x/c', 'x/b');
  expect(out).toContain(`  egress of x/c: ${nothing}\n    the program on w2 says ${nothing}\n`);
  expect(out).toContain(
    `  ingress of x/b: ${isolated} (application)\n    the program on w1 says ${isolated}\n`,
  );
  const self = 'allow: it talks to itself';
  expect(explain('x/b', 'x/b').out).toContain(
    `  ingress of x/b: ${self}\n    the program on w1 says ${self}\n`,
  );
  expect(explain('a', 'x/b')).toMatchObject({
    status: 1,
    err: expect.stringContaining('no endpoint named "default/a", did you mean "x/a"?'),
  });
  expect(explain('x/zzz', 'x/b').err).toContain('no endpoint named "x/zzz"');
});
