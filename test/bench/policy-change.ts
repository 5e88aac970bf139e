// SPDX-License-Identifier: Apache-2.0
// One policy changed among thousands, over the API of a real agent: from the request until packets are judged by it, and
// until that is recorded and answered.
import { readdirSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { wireOf } from '../../src/base/wire.ts';
import { openMap } from '../../src/kernel/bpf/maps.ts';
import { getPinned } from '../../src/kernel/bpf/syscall.ts';
import { decodePolicyConfig } from '../../src/programs/generated/policy.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { netns } from '../helpers/netns.ts';

export interface PolicyChangeOptions {
  /** Policies in force. */
  readonly policies: number;
  /** Endpoints with a device each. */
  readonly endpoints: number;
  /** Changes that are measured. */
  readonly changes: number;
  /** Milliseconds between two requests. */
  readonly pause: number;
}

/** Milliseconds. */
export interface Distribution {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
}

export interface PolicyChangeFigures {
  /** From the request until packets are judged by the changed policy: the epoch that the programs read is another one. */
  readonly enforced: Distribution;
  /** From the request to its answer, which comes when the change is recorded as kept, too. */
  readonly answered: Distribution;
  /** Seconds that putting all of them in force took. */
  readonly load: number;
  readonly changes: number;
}

/** Documents of one request. */
const BATCH = 5_000;

/** @throws when a change is not answered as it should be. */
export async function policyChange(options: PolicyChangeOptions): Promise<PolicyChangeFigures> {
  const { policies, endpoints, changes, pause } = options;
  await using ns = await netns('wB');
  using pins = bpffs();
  const directory = scratch();
  const args = ['--pin-dir', pins.path, '--set', 'telemetry.disable=all'];
  try {
    for (let i = 0; i < endpoints; i++) {
      ns.ip('link', 'add', `w${i}`, 'type', 'veth', 'peer', 'name', `p${i}`);
      ns.ip('link', 'set', `w${i}`, 'up');
    }
    await using agent = await agentProcess({ netns: ns.name, directory, args });
    const send = sender(agent.to.socketPath);
    const documents = [
      ...Array.from({ length: endpoints }, (_, i) => endpointOf(i)),
      ...Array.from({ length: policies }, (_, i) => policyOf(i, endpoints, 0)),
    ];
    const began = performance.now();
    for (let from = 0; from < documents.length; from += BATCH) {
      const part = documents.slice(from, from + BATCH);
      await send('POST', '/v1/apply?confirmSeconds=0&probes=none', { documents: part });
    }
    const load = (performance.now() - began) / 1000;
    using epoch = enforcedEpoch(pins.path);
    const enforced: number[] = [];
    const answered: number[] = [];
    for (let i = -20; i < changes; i++) {
      await delay(pause);
      const at = Math.floor(Math.random() * policies);
      const path = `/v1/policies/x%2Fp${at}?confirmSeconds=0`;
      const body = policyOf(at, endpoints, 1 + (i & 0xfff));
      const before = epoch.now();
      const start = performance.now();
      let took: number | undefined;
      const answer = send('PUT', path, body).finally(() => {
        took = performance.now() - start;
      });
      while (epoch.now() === before && took === undefined) await turn();
      const inForce = performance.now() - start;
      const { counts } = await answer;
      if (counts.change + counts.create !== 1) throw new Error(`unexpected: ${JSON.stringify(counts)}`);
      if (epoch.now() === before) throw new Error(`change ${i} is not in force`);
      if (i < 0) continue;
      enforced.push(inForce);
      answered.push(took ?? 0);
    }
    return { enforced: distribution(enforced), answered: distribution(answered), load, changes };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function distribution(times: readonly number[]): Distribution {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
}

/** The epoch by which the programs judge packets now. */
function enforcedEpoch(pinDir: string): Disposable & { now(): number } {
  const tables = `${pinDir}/policy/tables`;
  const latest = Math.max(...readdirSync(tables).map(Number));
  const config = openMap(getPinned(`${tables}/${latest}/maps/policy_config`));
  const first = new Uint8Array(4);
  return {
    now: () => decodePolicyConfig(wireOf(config.lookup(first) ?? new Uint8Array(config.valueSize)), 0).epoch,
    [Symbol.dispose]: () => config.close(),
  };
}

function endpointOf(i: number): object {
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Endpoint',
    metadata: { name: `w${i}`, namespace: 'x', labels: { app: `a${i}`, tier: `t${i % 4}` } },
    spec: { devices: [`w${i}`], addresses: [`10.64.${i >> 8}.${i & 255}`] },
  };
}

/** Each allows an endpoint some ports from a few blocks and from others like it. */
function policyOf(i: number, endpoints: number, version: number): object {
  const from = { cidr: `10.${i & 127}.${(i >> 7) & 255}.0/24` };
  const peers = [from, { endpoints: { matchLabels: { tier: `t${i % 4}` } } }];
  return {
    apiVersion: 'weir.dev/v1',
    kind: 'Policy',
    metadata: { name: `p${i}`, namespace: 'x' },
    spec: {
      endpoints: { matchLabels: { app: `a${i % endpoints}` } },
      ingress: [
        {
          name: 'serve',
          from: peers,
          ports: [{ protocol: 'TCP', port: 1024 + ((i * 7 + version * 13) % 30_000) }],
          action: 'allow',
        },
      ],
    },
  };
}

interface Answer {
  readonly counts: { readonly create: number; readonly change: number };
}

function sender(socketPath: string): (method: string, path: string, body: object) => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const call = request({ socketPath, method, path, headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as Answer);
          else reject(new Error(`${response.statusCode}: ${text.slice(0, 2000)}`));
        });
      });
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
}
