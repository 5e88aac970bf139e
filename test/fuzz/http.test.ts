// SPDX-License-Identifier: Apache-2.0
// The surface of the API as its own description draws it, with every mistake that a client can make.
import { readdirSync } from 'node:fs';
import { Agent, type IncomingMessage, request as sendRequest } from 'node:http';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AgentProcess, agentProcess } from '../helpers/agent-process.ts';
import { ask } from '../helpers/http-fixture.ts';
import { netns, type TestNetns } from '../helpers/netns.ts';
import { type ApiDocument, type FuzzRequest, fuzzRequest, garbledBytes, Random } from './http-requests.ts';

/** Requests of each half, behind as many as it takes to warm up. */
const HALF = 10_000;
const WARM_UP = 3_000;
const WORKERS = 8;
/** Bytes that one half may hold more than the other: collections do not find everything at once. */
const HEAP_TOLERANCE = 3 << 20;
const RSS_TOLERANCE = 24 << 20;

/** Loaded into the agent: collects garbage when told to, and says what is left. */
const MEASURE = `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', async () => {
  for (let i = 0; i < 4; i++) { gc(); await new Promise((r) => setTimeout(r, 50)); }
  const { heapUsed, rss } = process.memoryUsage();
  console.error('MEASURED ' + JSON.stringify({ heapUsed, rss }));
});`)}`;

let ns: TestNetns;
let agent: AgentProcess;
const keepAlive = new Agent({ keepAlive: true, maxSockets: WORKERS });

beforeAll(async () => {
  ns = await netns('we-fuzz');
  ns.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  agent = await agentProcess({ netns: ns.name, nodeFlags: ['--expose-gc', '--import', MEASURE] });
});
afterAll(async () => {
  keepAlive.destroy();
  await agent?.[Symbol.asyncDispose]();
  await ns?.[Symbol.asyncDispose]();
});

interface Outcome {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

it('no request yields a server error, and nothing is left behind', async () => {
  const document = (await ask(agent.to, '/openapi.json')).json as unknown as ApiDocument;
  const statuses = new Map<number, number>();
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  const random = new Random(seed);
  const round = (count: number) => fuzz(document, random, count, statuses, seed);

  // what the agent opens once, when it is asked for the first time, it has after the first half
  await round(WARM_UP + HALF);
  const first = await measure();
  const fdsBefore = await quiet();
  await round(HALF);
  const second = await measure();
  const fdsAfter = await quiet();

  console.log(`seed ${seed}:`, Object.fromEntries([...statuses].sort()), {
    first,
    second,
    fdsBefore,
    fdsAfter,
  });
  // Every kind of answer was met, or the fuzzer has gone blunt.
  for (const status of [200, 400, 404, 405]) expect(statuses.get(status)).toBeGreaterThan(100);
  expect(fdsAfter).toBeLessThanOrEqual(fdsBefore + 2);
  expect(second.heapUsed - first.heapUsed).toBeLessThan(HEAP_TOLERANCE);
  expect(second.rss - first.rss).toBeLessThan(RSS_TOLERANCE);
  expect((await ask(agent.to, '/readyz')).status).toBe(200);
}, 180_000);

async function fuzz(
  document: ApiDocument,
  random: Random,
  count: number,
  statuses: Map<number, number>,
  seed: number,
): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const request = fuzzRequest(document, random);
      const outcome = random.chance(0.05)
        ? await sendBytes(garbledBytes(request, random))
        : await send(request);
      statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
      const fault = faultOf(outcome);
      if (fault !== undefined)
        throw new Error(
          `seed ${seed}: ${fault}: ${JSON.stringify({ request, outcome })}\n${agent.log().slice(-2000)}`,
        );
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** What is wrong with an answer. Status 0: closed without one, which only bytes that are no request may meet. */
function faultOf({ status, type, body }: Outcome): string | undefined {
  if (status >= 500) return 'a server error';
  if (status < 400 || body === '') return undefined;
  if (!type.startsWith('application/problem+json')) return 'an error that is no problem document';
  const problem = JSON.parse(body) as { status: number; code: string; detail: string };
  return problem.status === status && problem.code !== '' && problem.detail !== ''
    ? undefined
    : 'an odd problem';
}

function send(request: FuzzRequest): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = request;
    const safe = Object.entries(headers).filter(([, value]) => /^[\x20-\x7e\x80-\xff]*$/.test(value));
    const call = sendRequest({
      ...agent.to,
      agent: keepAlive,
      method,
      path,
      headers: Object.fromEntries(safe),
    });
    call.on('error', (error) => reject(new Error(`${error.message}: ${JSON.stringify(request)}`)));
    call.on('response', (response) => {
      const type = response.headers['content-type'] ?? '';
      if (type.startsWith('text/event-stream')) {
        call.destroy();
        resolve({ status: 200, type, body: '' });
      } else
        void read(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, type, body: text }),
          reject,
        );
    });
    call.end(body);
  });
}

async function read(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

/** Send bytes and say that nothing follows. */
function sendBytes(bytes: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = createConnection(agent.to.socketPath);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      // A stream of events does not end by itself.
      if (text.includes('text/event-stream')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(parse(text)));
    socket.end(bytes);
  });
}

/** The first answer; a body that several answers or a compression share is not looked into. */
function parse(text: string): Outcome {
  const [, status = '0', head = '', body = ''] =
    /^HTTP\/1\.1 (\d+) .*?\r\n([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  const isOne = !body.includes('HTTP/1.1 ') && !/^transfer-encoding/im.test(head);
  return { status: Number(status), type, body: isOne ? body : '' };
}

/** Descriptors of the agent once its connections are gone. */
async function quiet(): Promise<number> {
  keepAlive.destroy();
  let before = -1;
  for (let left = 40; left > 0; left--) {
    const now = readdirSync(`/proc/${agent.pid}/fd`).length;
    if (now === before) return now;
    before = now;
    await delay(250);
  }
  return before;
}

async function measure(): Promise<{ heapUsed: number; rss: number }> {
  keepAlive.destroy();
  const pattern = /MEASURED (.*)\n/g;
  const seen = [...agent.log().matchAll(pattern)].length;
  agent.signal('SIGUSR2');
  await expect.poll(() => [...agent.log().matchAll(pattern)].length, { timeout: 10_000 }).toBe(seen + 1);
  return JSON.parse([...agent.log().matchAll(pattern)].at(-1)?.[1] ?? '');
}
