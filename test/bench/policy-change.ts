// SPDX-License-Identifier: Apache-2.0
// One policy changed among thousands, over the API of a real agent: from the request until packets are judged by it, and
// until that is recorded and answered.
import { once } from 'node:events';
import { closeSync, readdirSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { getPinned } from '../../src/kernel/bpf/syscall.ts';
import { agentProcess, scratch } from '../helpers/agent-process.ts';
import { bpffs } from '../helpers/bpffs.ts';
import { netns } from '../helpers/netns.ts';
import type { EpochWatch } from './epoch-watch.ts';

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
    await using epoch = await epochWatch(pins.path);
    const enforced: number[] = [];
    const answered: number[] = [];
    for (let i = -20; i < changes; i++) {
      await delay(pause);
      const at = Math.floor(Math.random() * policies);
      const path = `/v1/policies/x%2Fp${at}?confirmSeconds=0`;
      const body = policyOf(at, endpoints, 1 + (i & 0xfff));
      const start = process.hrtime.bigint();
      const { counts } = await send('PUT', path, body);
      const end = process.hrtime.bigint();
      if (counts.change + counts.create !== 1) throw new Error(`unexpected: ${JSON.stringify(counts)}`);
      const changed = await epoch.changedSince(start);
      if (i < 0) continue;
      enforced.push(Number(changed - start) / 1e6);
      answered.push(Number(end - start) / 1e6);
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

interface Watch extends AsyncDisposable {
  /** When the policy in force became another one, both in nanoseconds of `process.hrtime`. @throws when it did not. */
  changedSince(start: bigint): Promise<bigint>;
}

/** Look at the epoch by which the programs judge packets. */
async function epochWatch(pinDir: string): Promise<Watch> {
  const tables = `${pinDir}/policy/tables`;
  const latest = Math.max(...readdirSync(tables).map(Number));
  const changed = new BigInt64Array(new SharedArrayBuffer(8));
  const workerData: EpochWatch = {
    config: getPinned(`${tables}/${latest}/maps/policy_config`),
    changed,
  };
  const thread = new Worker(new URL('epoch-watch.ts', import.meta.url), { workerData });
  await once(thread, 'message');
  return {
    async changedSince(start) {
      // the thread may be late
      for (let tries = 0; tries < 100; tries++) {
        const last = Atomics.load(changed, 0);
        if (last >= start) return last;
        await delay(1);
      }
      throw new Error('a change is not in force');
    },
    async [Symbol.asyncDispose]() {
      await thread.terminate();
      closeSync(workerData.config);
    },
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
