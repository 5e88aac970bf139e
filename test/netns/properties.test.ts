// SPDX-License-Identifier: Apache-2.0
// The properties of plans on generated documents, carried out by the engine on the kernel that runs.
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentsIn, testEngine } from '../helpers/engine.ts';
import { netns } from '../helpers/netns.ts';

const RUNS = 15;
const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

const small = fc.integer({ min: 1, max: 6 });
const unique = <T>(one: fc.Arbitrary<T>, key: (value: T) => unknown, maxLength: number) =>
  fc.uniqueArray(one, { selector: key, maxLength });

/** Revisions that differ in everything that this kernel has and that can change: links, layer 3, qdiscs, sysctls. */
const spec = fc.record({
  links: fc
    .record({ mtu: fc.integer({ min: 1300, max: 1500 }), bridge: fc.boolean(), delay: small, vni: small })
    .map(({ mtu, bridge, delay, vni }) => [
      { name: 'p0', kind: 'veth', state: 'up', mtu, veth: { peer: 'p1' } },
      { name: 'p1', kind: 'veth', state: 'up', veth: { peer: 'p0' } },
      ...(bridge ? [{ name: 'br0', kind: 'bridge', bridge: { forward_delay: 200 * delay } }] : []),
      { name: 'vx0', kind: 'vxlan', vxlan: { id: vni, port: 4789 } },
    ]),
  addresses: unique(small, (n) => n, 4).map((list) => [
    { dev: 'p0', address: '10.9.0.1/16' },
    ...list.map((n) => ({ dev: 'p0', address: `10.${n}.0.1/24` })),
  ]),
  routes: unique(fc.record({ n: small, metric: small, gateway: small }), ({ n }) => n, 6).map((list) =>
    list.map(({ n, metric, gateway }) => ({
      dst: `198.18.${n}.0/24`,
      gateway: `10.9.0.${gateway + 10}`,
      metric,
    })),
  ),
  rules: unique(fc.record({ n: small, table: small }), ({ n }) => n, 4).map((list) =>
    list.map(({ n, table }) => ({ priority: 1000 + n, from: `10.${n}.0.0/16`, table: 100 + table })),
  ),
  neighbours: unique(fc.record({ n: small, mac: small }), ({ n }) => n, 4).map((list) =>
    list.map(({ n, mac }) => ({ dev: 'p0', dst: `10.9.1.${n}`, lladdr: `02:00:00:00:00:0${mac}` })),
  ),
  qdiscs: fc
    .option(small, { nil: undefined })
    .map((n) =>
      n === undefined
        ? []
        : [{ dev: 'p0', kind: 'tbf', handle: '1:', tbf: { rate: `${n}mbit`, burst: '32kb', limit: '64kb' } }],
    ),
});

test('plans on generated documents hold on the kernel', { timeout: 120_000 }, async () => {
  let applied = 0;
  await fc.assert(
    fc.asyncProperty(spec, spec, async (a, b) => {
      await using ns = await netns('wM-prop');
      using folder = mkdtempDisposableSync(join(tmpdir(), 'weir-properties-'));
      await using test = testEngine(folder.path);
      ns.ip('link', 'add', 'foreign0', 'type', 'veth', 'peer', 'name', 'foreign1');
      ns.ip('addr', 'add', '172.16.0.1/24', 'dev', 'foreign0');
      const state = async () => {
        const seen = await test.reader.read({ netns: ns.name, keys: new Map(), all: true });
        return [...seen.values()]
          .filter(isLasting)
          .map(({ id, spec: one }) => [id, withoutMac(one)])
          .sort();
      };
      const apply = async (what: object) => {
        const value = {
          apiVersion: 'weir.dev/v1',
          kind: 'Network',
          metadata: { name: 'p' },
          spec: { netns: ns.name, ...what },
        };
        const documents = documentsIn(JSON.stringify(value));
        const report = await test.engine.apply({ documents, prune: true }, WISH, ASKER);
        expect(report.error).toBeUndefined();
        const { plan } = await test.engine.plan({ documents, prune: true }, ASKER);
        expect(plan.actions).toEqual([]);
        applied++;
      };
      const start = await state();
      await apply(a);
      const first = await state();
      await apply(b);
      await apply(a);
      expect(await state()).toEqual(first);
      await test.engine.rollback(0, WISH, ASKER);
      expect(await state()).toEqual(start);
    }),
    { numRuns: RUNS },
  );
  console.log(`properties on the kernel: ${applied} documents applied`);
});

/** The kernel makes link-local addresses itself, when a device has settled. */
function isLasting({ id }: { readonly id: string }): boolean {
  return !id.includes('address fe80:');
}

/** A device that was made anew has another address, unless the document gives one. */
function withoutMac({ address: _, ...rest }: Readonly<Record<string, unknown>>): object {
  return rest;
}
