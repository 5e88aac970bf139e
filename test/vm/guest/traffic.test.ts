// SPDX-License-Identifier: Apache-2.0
// Packets through kinds that not every kernel has: what a document declares at both ends carries traffic, delays it or
// drops it. Titles are rows of docs/kernels.md.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { documentsIn, type TestEngine, testEngine } from '../../helpers/engine.ts';
import { netns, type TestNetns } from '../../helpers/netns.ts';
import { skipFor } from '../../helpers/skip.ts';

const ASKER = { who: 'test', peers: [] };
const WISH = { confirmSeconds: 0, probes: ['none'] };

let directory: string;
let node: TestEngine;
let left: TestNetns;
let right: TestNetns;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-traffic-'));
  node = testEngine(directory);
  [left, right] = [await netns('vm'), await netns('vm')];
  for (const cable of ['x', 'y']) {
    left.ip('link', 'add', `${cable}0`, 'type', 'veth', 'peer', 'name', `${cable}0`, 'netns', right.name);
    for (const ns of [left, right]) ns.ip('link', 'set', `${cable}0`, 'up');
  }
  left.ip('addr', 'add', '192.0.2.1/24', 'dev', 'x0');
  right.ip('addr', 'add', '192.0.2.2/24', 'dev', 'x0');
});

afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  for (const ns of [left, right]) await ns?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Both ends of a tunnel whose own addresses are 10.9.9.1 and 10.9.9.2. */
const tunnel = (kind: string, settings: (local: string, remote: string) => object) =>
  [1, 2].map((end) => ({
    links: [
      {
        name: 'n0',
        kind,
        state: 'up',
        addresses: [`10.9.9.${end}/24`],
        [kind]: settings(`192.0.2.${end}`, `192.0.2.${3 - end}`),
      },
    ],
  }));

const CARRIES: Readonly<Record<string, readonly object[]>> = {
  vlan: [1, 2].map((end) => ({
    links: [
      {
        name: 'n0',
        kind: 'vlan',
        link: 'x0',
        state: 'up',
        vlan: { id: 10 },
        addresses: [`10.9.9.${end}/24`],
      },
    ],
  })),
  geneve: tunnel('geneve', (_, remote) => ({ id: 7, remote })),
  vxlan: tunnel('vxlan', (local, remote) => ({ id: 42, local, remote, port: 4789 })),
  gre: tunnel('gre', (local, remote) => ({ local, remote, ttl: 64 })),
  ipip: tunnel('ipip', (local, remote) => ({ local, remote, ttl: 64 })),
  ipvlan: [1, 2].map((end) => ({
    links: [
      {
        name: 'n0',
        kind: 'ipvlan',
        link: 'y0',
        state: 'up',
        ipvlan: { mode: 'l2' },
        addresses: [`10.9.9.${end}/24`],
      },
    ],
  })),
  bond: [1, 2].map((end) => ({
    links: [
      {
        name: 'n0',
        kind: 'bond',
        state: 'up',
        bond: { mode: 'active-backup', miimon: 100 },
        addresses: [`10.9.9.${end}/24`],
      },
      { name: 'y0', master: 'n0' },
    ],
  })),
};

describe('traffic through', () => {
  test.for(Object.entries(CARRIES))('%s', async ([, ends], context) => {
    await both(ends, context);
    await expect.poll(() => arrives('10.9.9.2'), { timeout: 60_000, interval: 500 }).toBe(true);
    await undo();
  });

  test('wireguard', async (context) => {
    const keys = [0, 1].map((end) => {
      const file = join(directory, `key${end}`);
      const made = spawnSync('openssl', ['genpkey', '-algorithm', 'X25519', '-outform', 'DER']).stdout;
      writeFileSync(file, made.subarray(-32).toString('base64'), { mode: 0o600 });
      const shown = execFileSync('openssl', ['pkey', '-inform', 'DER', '-pubout', '-outform', 'DER'], {
        input: made,
      });
      return { file, public: shown.subarray(-32).toString('base64') };
    });
    const ends = [1, 2].map((end) => ({
      links: [
        {
          name: 'n0',
          kind: 'wireguard',
          state: 'up',
          addresses: [`10.9.9.${end}/24`],
          wireguard: {
            private_key_file: keys[end - 1]?.file,
            listen_port: 51820,
            peers: [
              {
                public_key: keys[2 - end]?.public,
                endpoint: `192.0.2.${3 - end}:51820`,
                allowed_ips: ['10.9.9.0/24'],
              },
            ],
          },
        },
      ],
    }));
    await both(ends, context);
    await expect.poll(() => arrives('10.9.9.2'), { timeout: 60_000, interval: 500 }).toBe(true);
    await undo();
  });

  test('netem: every packet comes later', async (context) => {
    await both([{ qdiscs: [{ dev: 'x0', kind: 'netem', netem: { delay: { delay: '300ms' } } }] }], context);
    const [, least] = /min\/avg\/max\/mdev = ([\d.]+)/.exec(ping('192.0.2.2')) ?? [];
    expect(Number(least)).toBeGreaterThanOrEqual(300);
    await undo();
  });

  test.for(['flower', 'matchall'] as const)('%s with gact: nothing passes', async (kind, context) => {
    const match = kind === 'flower' ? { ip_proto: 'icmp', src_ip: '192.0.2.1' } : {};
    const filter = { dev: 'x0', parent: 'ingress', protocol: 'ip', priority: 5, kind, [kind]: match };
    const drop = {
      qdiscs: [{ dev: 'x0', kind: 'clsact' }],
      filters: [{ ...filter, actions: [{ kind: 'gact', gact: { verdict: 'drop' } }] }],
    };
    await both([{}, drop], context);
    expect(arrives('192.0.2.2')).toBe(false);
    await undo();
    await expect.poll(() => arrives('192.0.2.2'), { timeout: 30_000, interval: 500 }).toBe(true);
  });
});

/** Apply what is declared of the left and of the right namespace. */
async function both(ends: readonly object[], context: TestContext): Promise<void> {
  const documents = ends.map((spec, i) => ({
    apiVersion: 'weir.dev/v1',
    kind: 'Network',
    metadata: { name: `end${i}` },
    spec: { netns: (i === 0 ? left : right).name, ...spec },
  }));
  const wish = { documents: documentsIn(JSON.stringify(documents)), prune: true };
  const { diagnostics } = (await node.engine.plan(wish, ASKER)).plan;
  const [option] = /CONFIG_\w+/.exec(JSON.stringify(diagnostics)) ?? [];
  if (option !== undefined) skipFor(context, `this kernel is built without ${option}`);
  const report = await node.engine.apply(wish, WISH, ASKER);
  expect(report, report.error).toMatchObject({ status: 'confirmed' });
}

async function undo(): Promise<void> {
  const report = await node.engine.apply({ documents: [], prune: true }, WISH, ASKER);
  expect(report, report.error).toMatchObject({ status: 'confirmed' });
}

function ping(address: string): string {
  const args = [`--net=/run/netns/${left.name}`, 'ping', '-q', '-c', '3', '-i', '0.3', '-W', '3', address];
  return spawnSync('nsenter', args, { encoding: 'utf8' }).stdout;
}

function arrives(address: string): boolean {
  return !ping(address).includes(' 0 received');
}
