// SPDX-License-Identifier: Apache-2.0
// The HTTP application over a service of fixed answers, on a Unix socket or a TCP port of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { ChangeService } from '../../src/api/change-service.ts';
import { noChanges } from '../../src/api/no-changes.ts';
import type { FeedEvent } from '../../src/api/schemas/events.ts';
import type { WeirService } from '../../src/api/service.ts';
import { WeirError } from '../../src/base/errors.ts';
import { buildApp } from '../../src/http/app.ts';
import { identify, type TrustStore } from '../../src/http/auth/identify.ts';
import { listenTcp, listenUnix } from '../../src/http/listen.ts';
import type { Peer } from '../../src/http/peer.ts';
import { createServer, type ServerLimits } from '../../src/http/server.ts';
import { changeDouble } from './change-double.ts';

export const LIMITS: ServerLimits = {
  connections: 64,
  headerBytes: 8192,
  headersTimeoutSeconds: 1,
  requestTimeoutSeconds: 2,
  idleTimeoutSeconds: 10,
};

/** A service with `links` made-up devices; events are what the test publishes. */
export function fixedService(
  links = 3,
  changes: ChangeService = changeDouble(),
): WeirService & { publish(event: FeedEvent): void; followers(): number } {
  const followers = new Set<(event: FeedEvent) => void>();
  const item = (i: number) => ({ ifindex: i + 1, ifname: `dev${i}` }) as never;
  const list: WeirService['list'] = async (_target, _kind, query) => {
    if (query.device === 'nope') throw new WeirError('NOT_FOUND', { what: 'device', name: 'nope', hint: '' });
    const start = Number(query.cursor ?? 0);
    const end = Math.min(links, start + (query.limit ?? 1000));
    const items = Array.from({ length: end - start }, (_, i) => item(start + i));
    return { netns: query.netns ?? '', items, ...(end < links ? { next: String(end) } : {}) };
  };
  return {
    list,
    async *stream(target, kind, query) {
      for (let start = 0; start < links; start += 1000)
        yield (await list(target, kind, { ...query, cursor: String(start) })).items.map((one) =>
          JSON.stringify(one),
        );
    },
    node: async () => ({ node: 'test' }) as never,
    namespaces: async () => ({ items: [] }),
    readiness: async () => ({ ready: true, waiting: [] }),
    state: async () => ({}) as never,
    linkStats: async () => {
      throw new Error('secret detail');
    },
    follow: async (_target, _query, _after, deliver) => {
      followers.add(deliver);
      return { close: () => void followers.delete(deliver) };
    },
    scrape: async () => [Buffer.from('# metrics\n'), Buffer.from('up 1\n')],
    flows: async () => ({ timestamp: 1, seconds: 1, active: 0, items: [] }),
    drops: async () => ({ timestamp: 1, lost: 0, items: [] }),
    async *droppedPackets() {
      yield ['{"sequence":1}'];
    },
    async *dropCapture() {
      yield Buffer.from('file');
    },
    capture: async (_target, _request, { lines }) => ({
      id: '0000beef',
      parts: (async function* () {
        yield Buffer.from(lines ? '{"text":"packet"}\n' : 'file');
      })(),
    }),
    captures: async () => ({ items: [] }),
    stopCapture: async (_target, name) => {
      throw new WeirError('NOT_FOUND', { what: 'capture', name, hint: '' });
    },
    followDrops: async (_target, _query, _after, deliver) => {
      deliver({ id: '7', body: { kind: 'gap', packets: 1 }, json: '{"kind":"gap","packets":1}' });
      return { close: () => {} };
    },
    profiles: async () => ({ items: [] }),
    profile: async (_target, name) => {
      throw new WeirError('NOT_FOUND', { what: 'profile', name, hint: '' });
    },
    advice: async (_target, { netns }) => {
      if (netns === 'nope')
        throw new WeirError('NOT_FOUND', { what: 'network namespace', name: netns, hint: '' });
      return { timestamp: 1, seconds: 1, items: [] };
    },
    startTrial: async (_target, { advice = '?' }) => {
      throw new WeirError('NOT_FOUND', { what: 'advice', name: advice, hint: '' });
    },
    trials: async () => ({ items: [] }),
    trial: async (_target, id) => {
      throw new WeirError('NOT_FOUND', { what: 'trial', name: id, hint: '' });
    },
    stopTrial: async (_target, id) => {
      throw new WeirError('NOT_FOUND', { what: 'trial', name: id, hint: '' });
    },
    ...noChanges('this one has no programs'),
    ...changes,
    publish: (event) => {
      for (const deliver of followers) deliver(event);
    },
    followers: () => followers.size,
  };
}

export interface Fixture extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly server: Server;
  /** Where to connect: of a Unix socket or of TCP. */
  readonly to: { readonly socketPath: string } | { readonly host: string; readonly port: number };
  /** What was logged, as objects. */
  readonly logged: () => readonly Record<string, unknown>[];
}

export interface FixtureOptions {
  readonly service?: WeirService;
  readonly trust?: TrustStore;
  readonly tcp?: boolean;
  readonly limits?: Partial<ServerLimits>;
  readonly bufferBytes?: number;
  readonly peer?: () => Peer | undefined;
}

export async function httpFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const trust = options.trust ?? { tokens: undefined, certificates: [] };
  const app = await buildApp({
    service: options.service ?? fixedService(),
    identify: (raw) => identify(raw, trust),
    log,
    version: '0.0.0',
    bodyBytes: 1024,
    documentBytes: 65_536,
    events: { streams: 2, bufferBytes: options.bufferBytes ?? 65_536, heartbeatMs: 50 },
  });
  const own: Peer = { kind: 'unix', pid: 1, uid: 0, gid: 0 };
  const remote: Peer = { kind: 'tcp', address: '127.0.0.1' };
  const peer = options.peer ?? (() => (options.tcp === true ? remote : own));
  const server = createServer(app.routing, { limits: { ...LIMITS, ...options.limits }, log, peer });
  const directory = mkdtempSync(join(tmpdir(), 'we-http-'));
  const socketPath = join(directory, 'sock');
  if (options.tcp === true) await listenTcp(server, '127.0.0.1', 0);
  else await listenUnix(server, socketPath, undefined);
  const port = (server.address() as AddressInfo).port;
  return {
    app,
    server,
    to: options.tcp === true ? { host: '127.0.0.1', port } : { socketPath },
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    async [Symbol.asyncDispose]() {
      await app.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      rmSync(directory, { recursive: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly json: Record<string, unknown>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Send one request and read the whole answer. */
export async function ask(to: Fixture['to'], path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request({ ...to, path, method, headers, agent: false }, resolve);
    call.on('error', reject);
    call.end(body);
  });
  const read = await text(response);
  const isJson = /[/+]json/.test(response.headers['content-type'] ?? '');
  const json = isJson && read !== '' ? (JSON.parse(read) as Record<string, unknown>) : {};
  return { status: response.statusCode ?? 0, headers: response.headers, body: read, json };
}

/** Write bytes as they are and read until the other side closes (or `until` matches). */
export function raw(to: Fixture['to'], bytes: string | Buffer, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in to ? createConnection(to.socketPath) : createConnection(to);
    let seen = '';
    const done = () => {
      socket.destroy();
      resolve(seen);
    };
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      if (until?.test(seen)) done();
    });
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? done() : reject(error),
    );
  });
}

/** An open stream of server-sent events. */
export interface OpenStream {
  /** Wait until `pattern` was received. @returns all that was. */
  until(pattern: RegExp): Promise<string>;
  close(): void;
}

/** Open a stream of events; resolves when the other side has begun to send. */
export async function openStream(
  to: Fixture['to'],
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<OpenStream> {
  const call = request({ ...to, path, headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject).end();
  });
  let seen = '';
  response.on('error', () => {});
  response.on('data', (chunk) => {
    seen += String(chunk);
  });
  return {
    async until(pattern) {
      for (let left = 400; !pattern.test(seen); left--) {
        if (left === 0) throw new Error(`no ${pattern} in:\n${seen}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return seen;
    },
    close: () => void call.destroy(),
  };
}
