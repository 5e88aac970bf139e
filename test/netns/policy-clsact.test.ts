// SPDX-License-Identifier: Apache-2.0
// Filters on clsact, as before Linux 6.6, and what others do to them.
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Attachments } from '../../src/engine/policy/attachments.ts';
import { loadObject } from '../../src/kernel/bpf/load.ts';
import { pin } from '../../src/kernel/bpf/syscall.ts';
import { bpfObject, PRELUDE } from '../helpers/bpf-object.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { handPolicy } from '../helpers/policy-hand.ts';
import { A4, B4, probe, reaches, TCP, threeWorkloads } from '../helpers/policy-probing.ts';

test('filters that somebody deletes, replaces, or takes with their clsact are missed, and put again', async () => {
  await using made = await threeWorkloads(true);
  const compiled = handPolicy(2, {
    2: { ingress: [{ peer: A4, protocol: TCP, port: 80, action: 'allow' }] },
  });
  await made.enforce(compiled, true);
  const { hub } = made.star;
  const { device } = made.star.member('b');
  const all = (await made.places(compiled)).map((place) => ({
    ...place,
    netns: '',
    device,
    l3: false,
    early: false,
  }));
  expect(all).toHaveLength(1);
  let lost = 0;
  const problems: string[] = [];
  const attachments = new Attachments(
    made.enforcer,
    () => lost++,
    (problem) => problems.push(problem),
  );
  try {
    await attachments.update(all);
    const show = (hook: string) => hub.tc('filter', 'show', 'dev', device, hook);
    const foreign = bpfObject(`${PRELUDE}
SEC("tc") int pass(struct __sk_buff *skb) { return 0; }`);
    const { programs } = loadObject(foreign, { name: 'other' });
    using pins = bpffs();
    pin(programs.get('pass') as number, join(pins.path, 'pass'));
    const other = ['bpf', 'da', 'object-pinned', join(pins.path, 'pass')];
    const deeds: readonly (() => void)[] = [
      () => hub.tc('filter', 'del', 'dev', device, 'egress'),
      () => hub.tc('filter', 'del', 'dev', device, 'ingress', 'pref', '1'),
      () => hub.tc('filter', 'replace', 'dev', device, 'egress', 'pref', '1', 'handle', '1', ...other),
      () => hub.tc('qdisc', 'del', 'dev', device, 'clsact'),
    ];
    for (const [i, deed] of deeds.entries()) {
      expect(attachments.missing(all, all)).toEqual([]);
      deed();
      await expect.poll(() => lost, { timeout: 10_000 }).toBe(i + 1);
      expect(attachments.missing(all, all)).toEqual([device]);
      await attachments.update(all);
      for (const hook of ['ingress', 'egress']) expect(show(hook)).toContain('weir-policy direct-action');
      await reaches(made, 'a', [probe(B4, 80), probe(B4, 81)], ['open', 'silent']);
    }
    for (const fd of programs.values()) closeSync(fd);
  } finally {
    attachments.close();
  }
  expect(problems).toEqual([]);
});
