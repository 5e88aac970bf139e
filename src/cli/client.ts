// SPDX-License-Identifier: Apache-2.0
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Problem } from '../api/schemas/problem.ts';
import { ERRORS, type ErrorCode, isWeirError, messageOf, WeirError } from '../base/errors.ts';
import { jsonLines } from './json-lines.ts';

/** Values of a query string; absent ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Asks the agent of one socket. Every call throws {WeirError} `AGENT_UNREACHABLE`, or what the agent answered. */
export interface AgentClient {
  readonly socket: string;
  /** GET a JSON document. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** GET a list of any length, some items at a time. The agent waits for whoever takes them. */
  lines(path: string, query?: Query): AsyncGenerator<readonly unknown[], void>;
  /** Let the process end: connections are kept open between calls. */
  close(): void;
}

/** Milliseconds without a byte after which the agent counts as gone. */
const SILENCE = 15_000;
const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';

/** A client of the agent that listens on `socket`. Nothing is sent before the first call. */
export function connectAgent(socket: string): AgentClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const open = (path: string, query: Query, accept: string) =>
    ask(socket, agent, `${path}${search(query)}`, accept);
  const get = async <T>(path: string, query: Query = {}): Promise<T> =>
    (await answer(socket, await open(path, query, JSON_TYPE), path)) as T;
  return {
    socket,
    get,
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

function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

function ask(socket: string, agent: Agent, path: string, accept: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, agent, path, headers: { accept } });
    call.setTimeout(SILENCE, () => call.destroy(new Error(`no answer for ${SILENCE / 1000} s`)));
    call.on('response', resolve);
    call.on('error', (error) => reject(unreachable(socket, error)));
    call.end();
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

/** The parts of an answer. While nobody asks for the next one the agent's silence does not count. */
async function* chunksOf(socket: string, response: IncomingMessage): AsyncGenerator<string, void> {
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      response.setTimeout(0);
      yield chunk as string;
      response.setTimeout(SILENCE);
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

async function answer(socket: string, response: IncomingMessage, path: string): Promise<unknown> {
  const body = await text(response).catch((error: unknown) => {
    throw brokenOff(socket, error);
  });
  const status = response.statusCode ?? 0;
  const value = parse(body);
  if (status >= 200 && status < 300 && value !== undefined) return value;
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
  const error = new WeirError(problem.code as ErrorCode);
  if (problem.detail !== undefined) error.message = problem.detail;
  return error;
}
