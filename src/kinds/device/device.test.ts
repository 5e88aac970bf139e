// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints } from '../../base/validate.ts';
import type { Spec } from '../../model/object.ts';
import { DeviceItem, device } from './device.ts';
import { queueWrites } from './queues.ts';

function declared(settings: Spec): { readonly specs: readonly Spec[]; readonly problems: readonly string[] } {
  const item = { dev: 'eth0', ...settings };
  const problems = complaints(DeviceItem, item).map(({ path, problem }) => `${path}: ${problem}`);
  if (problems.length > 0) return { specs: [], problems };
  const found = device.declare?.(item, (path, problem) => problems.push(`${path}: ${problem}`)) ?? [];
  return { specs: found.map(({ spec }) => spec), problems };
}

describe('names of features', () => {
  test.each([
    ['tso', 'tcp-segmentation-offload'],
    ['tx', 'tx-checksumming'],
    ['sg', 'scatter-gather'],
    ['gso', 'tx-generic-segmentation'],
    ['generic-receive-offload', 'rx-gro'],
    ['ntuple', 'rx-ntuple-filter'],
    ['rxhash', 'rx-hashing'],
    ['tx-udp-segmentation', 'tx-udp-segmentation'],
  ])('%s is %s', (name, canonical) => {
    expect(declared({ features: { [name]: true } }).specs).toEqual([
      { dev: 'eth0', features: { [canonical]: true } },
    ]);
  });
});

test.each<[Spec, string]>([
  [{ mtu: 9000 }, 'mtu: belongs to the link: `mtu` of its item of `links`'],
  [{ tx_queue_len: 10 }, 'tx_queue_len: belongs to the link: `txqlen` of its item of `links`'],
  [{ features: { gro: true, 'rx-gro': true } }, 'features.rx-gro: means the same as gro: keep one of them'],
  [
    { features: { 'tx-tcp6-segmentation': true, tso: false } },
    'features.tx-tcp6-segmentation: is part of tso: name either the whole or the parts',
  ],
  [{ features: { gro: 'on' } }, 'features.gro: must be true or false, not "on"'],
  [{ features: { 'Tx Checksum': true } }, 'features: unknown property "Tx Checksum"'],
  [{ ring: { rx: 1 } }, ': unknown property "ring", did you mean "rings"?'],
  [{ rings: { rx: -1 } }, 'rings.rx: must be an integer from 0 to 4294967295, not -1'],
  [{ rings: { xr: 1 } }, 'rings: unknown property "xr", did you mean "rx"?'],
  [{ channels: { combined: 1.5 } }, 'channels.combined: must be an integer from 0 to 4294967295, not 1.5'],
  [{ coalesce: { adaptive_rx: 1 } }, 'coalesce.adaptive_rx: must be true or false, not 1'],
  [{ pause: { rx: 'yes' } }, 'pause.rx: must be true or false, not "yes"'],
  [{ gro_flush_timeout: '20us' }, 'gro_flush_timeout: must be an integer'],
  [
    { napi_defer_hard_irqs: 0x8000_0000 },
    'napi_defer_hard_irqs: must be an integer from 0 to 2147483647, not 2147483648',
  ],
  [{ threaded: 1 }, 'threaded: must be true or false, not 1'],
  [{ queues: { rps_cpu: '1' } }, 'queues: unknown property "rps_cpu", did you mean "rps_cpus"?'],
  [{ queues: { rps_cpus: 'xyz' } }, 'queues.rps_cpus: '],
  [{ queues: { rps_cpus: 3 } }, 'queues.rps_cpus: '],
  [{ queues: { rps_flow_cnt: { a: 1 } } }, 'queues.rps_flow_cnt: '],
])('%j is refused', (settings, problem) => {
  const { specs, problems } = declared(settings);
  expect(specs).toEqual([]);
  expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
});

test('masks and numbers of flows are as the kernel shows them', () => {
  const queues = { rps_cpus: '0x000F', xps_cpus: { 0: '1,00000000' }, rps_flow_cnt: { 0: 1000, 1: 0 } };
  expect(declared({ queues }).specs).toEqual([
    {
      dev: 'eth0',
      queues: { rps_cpus: 'f', xps_cpus: { 0: '1,00000000' }, rps_flow_cnt: { 0: 1024, 1: 0 } },
    },
  ]);
});

test('queues that the channels will have are written', () => {
  const before = { channels: { combined: 1 }, queues: { rps_cpus: { 0: '0' } } };
  const more = { channels: { combined: 3 }, queues: { rps_cpus: '3' } };
  expect(queueWrites(before, more).map(([file]) => file)).toEqual([
    'queues/rx-0/rps_cpus',
    'queues/rx-1/rps_cpus',
    'queues/rx-2/rps_cpus',
  ]);
  const fewer = { channels: { combined: 1 }, queues: { rps_cpus: { 0: '3', 1: '3' } } };
  expect(queueWrites({ channels: { combined: 2 } }, fewer)).toEqual([['queues/rx-0/rps_cpus', '3\n']]);
});

test('what was declared declares the same again', () => {
  const number = fc.integer({ min: 0, max: 0xffff_ffff });
  const mask = fc.stringMatching(/^(0x)?[0-9a-fA-F]{1,8}(,[0-9a-fA-F]{1,8}){0,2}$/);
  const optional = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
    fc.record(fields, { requiredKeys: [] });
  const item = optional({
    channels: optional({ rx: number, tx: number, combined: number }),
    rings: optional({ rx: number, tx: number }),
    coalesce: optional({ rx_usecs: number, adaptive_rx: fc.boolean() }),
    features: optional({ tso: fc.boolean(), gro: fc.boolean(), 'rx-all': fc.boolean() }),
    threaded: fc.boolean(),
    queues: optional({
      rps_cpus: fc.oneof(mask, fc.dictionary(fc.nat(9).map(String), mask)),
      rps_flow_cnt: fc.nat(0x2000_0000),
    }),
  });
  fc.assert(
    fc.property(item, (settings) => {
      const { specs, problems } = declared(settings);
      expect(problems).toEqual([]);
      const again = device.item?.(specs[0] as Spec) as Spec;
      expect(complaints(DeviceItem, again)).toEqual([]);
      expect(declared(again).specs).toEqual(specs);
    }),
  );
});
