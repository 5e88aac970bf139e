// SPDX-License-Identifier: Apache-2.0
// eBPF on this kernel: every telemetry program loads and attaches, and operators' programs run on every hook. eth0 and eth1
// of the guest are virtio_net devices with a cable between them.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TELEMETRY } from '../../../src/programs/registry.ts';
import { bpfObject } from '../../helpers/bpf-object.ts';
import { netns, type TestNetns } from '../../helpers/netns.ts';
import {
  CALLS,
  counterObject,
  type ProgramBench,
  programBench,
  programDocument,
} from '../../helpers/program-bench.ts';
import { hasTcx, skipFor } from '../../helpers/skip.ts';
import { runTelemetry } from '../../helpers/telemetry.ts';

describe('telemetry', () => {
  test.for(TELEMETRY)('$name', (program) => {
    using running = runTelemetry(program);
    expect(running.programs.size).toBeGreaterThanOrEqual(program.hooks.length);
  });
});

describe("operators' programs", () => {
  test('tcx', async (context) => {
    await using bench = await programBench();
    if (!hasTcx((await bench.ns.io()).fd)) skipFor(context, 'tcx came with Linux 6.6');
    await runs(bench, { program: 'ingress', hook: 'tcx-ingress', devices: ['v0'] }, 0);
  });

  test('clsact', async () => {
    await using bench = await programBench();
    bench.ns.tc('qdisc', 'add', 'dev', 'v0', 'clsact');
    await runs(bench, { program: 'either', hook: 'clsact-ingress', devices: ['v0'] }, 1);
  });

  test.for([
    ['fentry', 'entered', 0],
    ['fexit', 'left', 1],
  ] as const)('%s of a function of the kernel', async ([hook, program, slot]) => {
    await using bench = await programBench();
    await runs(bench, { program, hook, function: 'icmp_rcv' }, slot, bpfObject(CALLS));
  });

  test('XDP, native on veth', async () => {
    await using bench = await programBench();
    await runs(bench, { program: 'early', hook: 'xdp', devices: ['v0'] }, 2);
  });

  test('XDP, native on virtio_net', async (context) => {
    if (!existsSync('/sys/class/net/eth1/device')) skipFor(context, 'no virtio_net devices here');
    await using bench = await programBench();
    await using far = await netns('vm');
    cable(bench.ns, far);
    bench.ns.ip('link', 'set', 'eth0', 'up');
    far.ip('link', 'set', 'eth1', 'up');
    const seen = () => bench.count('guard', 'seen', 2);
    const document = programDocument(bench.ns.name, 'guard', {
      object: bench.object(counterObject()),
      attach: [{ program: 'early', hook: 'xdp', devices: ['eth0'] }],
    });
    const report = await bench.apply(document);
    expect(report, report.error).toMatchObject({ status: 'confirmed' });
    const counted = seen();
    far.exec('ping', '-q', '-c', '3', '-W', '5', '198.51.100.1');
    expect(seen()).toBeGreaterThanOrEqual(counted + 3);
    const [{ xdp }] = JSON.parse(bench.ns.ip('-j', '-d', 'link', 'show', 'dev', 'eth0')) as [
      { xdp: { mode: number } },
    ];
    // XDP_ATTACHED_DRV (include/uapi/linux/if_link.h)
    expect(xdp.mode).toBe(1);
    expect(await bench.rollback(0)).toMatchObject({ status: 'confirmed' });
  });
});

/** Applied, counting, planned to nothing and undone. */
async function runs(
  bench: ProgramBench,
  attach: object,
  slot: number,
  bytes = counterObject(),
): Promise<void> {
  const object = bench.object(bytes);
  const document = programDocument(bench.ns.name, 'guard', { object, attach: [attach] });
  const report = await bench.apply(document);
  expect(report, report.error).toMatchObject({ status: 'confirmed' });
  const before = bench.count('guard', 'seen', slot);
  bench.ping(5);
  expect(bench.count('guard', 'seen', slot)).toBeGreaterThanOrEqual(before + 5);
  expect((await bench.plan(document)).actions).toEqual([]);
  expect(await bench.rollback(0)).toMatchObject({ status: 'confirmed' });
}

/** eth0 here and eth1 there; both go back to where they were with their namespaces. */
function cable(near: TestNetns, far: TestNetns): void {
  for (const [ns, device, address] of [
    [near, 'eth0', '198.51.100.1/24'],
    [far, 'eth1', '198.51.100.2/24'],
  ] as const) {
    near.exec('nsenter', '--net=/proc/1/ns/net', 'ip', 'link', 'set', device, 'netns', ns.name);
    ns.ip('addr', 'add', address, 'dev', device);
  }
}
