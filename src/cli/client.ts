// SPDX-License-Identifier: Apache-2.0
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Problem } from '../api/schemas/problem.ts';
import { ERRORS, type ErrorCode, isWeirError, messageOf, WeirError } from '../base/errors.ts';
import { eventData, jsonLines } from './json-lines.ts';

/** Values of a query string; absent ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Asks the agent of one socket. Every call throws {WeirError} `AGENT_UNREACHABLE`, or what the agent answered. */
export interface AgentClient {
  readonly socket: string;
  /** GET a JSON document. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** GET a document as the text of another media type. */
  text(path: string, mediaType: string, query?: Query): Promise<string>;
  /** GET a file of this media type, as it comes. */
  bytes(path: string, mediaType: string, query?: Query): AsyncGenerator<Uint8Array, void>;
  /**
   * POST a JSON document. The agent takes its time. The report of a change that failed is an answer, not an error: it
   * has `error`.
   */
  post<T>(path: string, body: unknown, options?: PostOptions): Promise<T>;
  /** POST a JSON document, or bytes, whose answer is a stream of this media type that may be silent for long. */
  stream(path: string, mediaType: string, body: unknown): Promise<StreamedAnswer>;
  /** POST bytes. */
  postBytes<T>(path: string, bytes: Uint8Array): Promise<T>;
  /** Follow a stream of events: their data, without end. */
  events(path: string, query?: Query): AsyncGenerator<unknown, void>;
  /** PUT bytes. */
  put<T>(path: string, bytes: Uint8Array): Promise<T>;
  /** DELETE, which is a change as with `post`. */
  delete<T>(path: string, options?: PostOptions): Promise<T>;
  /** GET a list of any length, some items at a time. The agent waits for whoever takes them. */
  lines(path: string, query?: Query): AsyncGenerator<readonly unknown[], void>;
  /** Let the process end: connections are kept open between calls. */
  close(): void;
}

export interface StreamedAnswer {
  readonly headers: IncomingMessage['headers'];
  readonly parts: AsyncGenerator<Uint8Array, void>;
}

export interface PostOptions {
  readonly query?: Query;
  /** The revision that must be the current one. */
  readonly ifRevision?: number;
}

/** Milliseconds without a byte after which the agent counts as gone. */
const SILENCE = 15_000;
/** The same where the engine may work for long; an agent that dies closes the connection, and is noticed at once. */
const WORK = 3_600_000;
const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
const EVENTS_TYPE = 'text/event-stream';
const BINARY_TYPE = 'application/octet-stream';

/** A client of the agent that listens on `socket`. Nothing is sent before the first call. */
export function connectAgent(socket: string): AgentClient {
  // two: one works, the other asks how far it is
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const open = (path: string, query: Query, accept: string, call: CallOptions = {}) =>
    ask(socket, agent, `${path}${search(query)}`, { ...call, headers: { accept, ...call.headers } });
  const get = async <T>(path: string, query: Query = {}): Promise<T> =>
    (await answer(socket, await open(path, query, JSON_TYPE), path)) as T;
  return {
    socket,
    get,
    async text(path, mediaType, query = {}) {
      const response = await open(path, query, mediaType, { silence: WORK });
      if (response.headers['content-type']?.startsWith(mediaType)) return bodyOf(socket, response);
      await answer(socket, response, path);
      throw new WeirError('INTERNAL', { problem: `${path}: the agent did not answer with ${mediaType}` });
    },
    async *bytes(path, mediaType, query = {}) {
      const response = await open(path, query, mediaType);
      if (response.headers['content-type']?.startsWith(mediaType)) return yield* partsOf(socket, response);
      await answer(socket, response, path);
      throw new WeirError('INTERNAL', { problem: `${path}: the agent did not answer with ${mediaType}` });
    },
    async post<T>(path: string, body: unknown, { query = {}, ifRevision }: PostOptions = {}) {
      const headers = { 'content-type': JSON_TYPE, ...matching(ifRevision) };
      const call = { method: 'POST', silence: WORK, body: JSON.stringify(body), headers };
      return (await answer(socket, await open(path, query, JSON_TYPE, call), path)) as T;
    },
    async stream(path, mediaType, body) {
      const isBytes = body instanceof Uint8Array;
      const call = {
        method: 'POST',
        silence: WORK,
        body: isBytes ? body : JSON.stringify(body),
        headers: { 'content-type': isBytes ? BINARY_TYPE : JSON_TYPE },
      };
      const response = await open(path, {}, mediaType, call);
      if (response.headers['content-type']?.startsWith(mediaType))
        return { headers: response.headers, parts: partsOf(socket, response, WORK) };
      await answer(socket, response, path);
      throw new WeirError('INTERNAL', { problem: `${path}: the agent did not answer with ${mediaType}` });
    },
    async postBytes<T>(path: string, body: Uint8Array) {
      const call = { method: 'POST', silence: WORK, body, headers: { 'content-type': BINARY_TYPE } };
      return (await answer(socket, await open(path, {}, JSON_TYPE, call), path)) as T;
    },
    async *events(path, query = {}) {
      const response = await open(path, query, EVENTS_TYPE, { silence: WORK });
      if (!response.headers['content-type']?.startsWith(EVENTS_TYPE)) await answer(socket, response, path);
      yield* eventData(partsOf(socket, response, WORK));
    },
    async put<T>(path: string, body: Uint8Array) {
      const call = { method: 'PUT', body, headers: { 'content-type': BINARY_TYPE } };
      return (await answer(socket, await open(path, {}, JSON_TYPE, call), path)) as T;
    },
    async delete<T>(path: string, { query = {}, ifRevision }: PostOptions = {}) {
      const call = { method: 'DELETE', silence: WORK, headers: matching(ifRevision) };
      return (await answer(socket, await open(path, query, JSON_TYPE, call), path)) as T;
    },
    async *lines(path, query = {}) {
      for (let attempt = 0, given = 0; attempt < 2; attempt++)
        try {
          for await (const items of list(socket, await open(path, query, LINES_TYPE), path)) {
            given += items.length;
            yield items;
          }
          return;
        } catch (error) {
          // what was handed on cannot be taken back
          if (given > 0 || attempt > 0 || !isWeirError(error, 'DUMP_INTERRUPTED')) throw error;
        }
    },
    close: () => agent.destroy(),
  };
}

function matching(revision: number | undefined): Readonly<Record<string, string>> {
  return revision === undefined ? {} : { 'if-match': `"${revision}"` };
}

function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly silence?: number;
}

function ask(socket: string, agent: Agent, path: string, options: CallOptions): Promise<IncomingMessage> {
  const { method = 'GET', headers, body, silence = SILENCE } = options;
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, agent, path, method, ...(headers && { headers }) });
    call.setTimeout(silence, () => call.destroy(new Error(`no answer for ${silence / 1000} s`)));
    call.on('response', resolve);
    call.on('error', (error) => reject(unreachable(socket, error)));
    call.end(body);
  });
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; start an agent with `weir agent`, or name its socket with --socket',
  ECONNREFUSED: 'nothing listens there any more; start an agent with `weir agent`',
  EACCES: 'permission denied; be root or a member of the group weir',
  ENOTSOCK: 'it is not a socket',
};

function unreachable(socket: string, error: Error): WeirError {
  const problem = HINTS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);
  return new WeirError('AGENT_UNREACHABLE', { socket, problem }, { cause: error });
}

async function* list(
  socket: string,
  response: IncomingMessage,
  path: string,
): AsyncGenerator<readonly unknown[], void> {
  if (response.headers['content-type']?.startsWith(LINES_TYPE) !== true) {
    await answer(socket, response, path);
    throw new WeirError('INTERNAL', { problem: `${path}: the agent did not answer with a list` });
  }
  try {
    for await (const portion of jsonLines(chunksOf(socket, response))) {
      const broken = problemIn(portion.at(-1));
      if (broken !== undefined) throw problemOf(broken, path);
      yield portion;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new WeirError('INTERNAL', { problem: `${path}: the agent sent a line that is no JSON` });
  }
}

async function* chunksOf(socket: string, response: IncomingMessage): AsyncGenerator<string, void> {
  response.setEncoding('utf8');
  yield* partsOf<string>(socket, response);
}

/** The parts of an answer. While nobody asks for the next one the agent's silence does not count. */
async function* partsOf<T = Uint8Array>(
  socket: string,
  response: IncomingMessage,
  silence = SILENCE,
): AsyncGenerator<T, void> {
  // an answer that is complete has given its connection back
  const allow = (ms: number) => void response.socket?.setTimeout(ms);
  try {
    for await (const part of response) {
      allow(0);
      yield part as T;
      allow(silence);
    }
  } catch (error) {
    throw brokenOff(socket, error);
  }
}

/** What ends a list that could not be sent to its end. */
function problemIn(line: unknown): unknown {
  const { error } = (line ?? {}) as { readonly error?: unknown };
  return typeof error === 'object' && error !== null ? error : undefined;
}

function brokenOff(socket: string, cause: unknown): WeirError {
  return unreachable(socket, new Error('it broke off in the middle of an answer', { cause }));
}

function bodyOf(socket: string, response: IncomingMessage): Promise<string> {
  return text(response).catch((error: unknown) => {
    throw brokenOff(socket, error);
  });
}

async function answer(socket: string, response: IncomingMessage, path: string): Promise<unknown> {
  const status = response.statusCode ?? 0;
  const value = parse(await bodyOf(socket, response));
  if (status >= 200 && status < 300 && value !== undefined) return value;
  const { report } = (value ?? {}) as Partial<Problem>;
  if (report !== undefined) return report;
  throw problemOf(value, `${path}: the agent answered ${status}`);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The agent's problem document as the error that it was there: same code, same words. */
function problemOf(value: unknown, otherwise: string): WeirError {
  const problem = (value ?? {}) as Partial<Problem>;
  const known = problem.code !== undefined && problem.code in ERRORS;
  if (!known) return new WeirError('INTERNAL', { problem: problem.detail ?? otherwise });
  const details = problem.log === undefined ? {} : { log: problem.log };
  const error = new WeirError(problem.code as ErrorCode, details, { problems: problem.errors ?? [] });
  if (problem.detail !== undefined) error.message = problem.detail;
  return error;
}
