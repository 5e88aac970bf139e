// SPDX-License-Identifier: Apache-2.0
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Problem } from '../api/schemas/problem.ts';
import { ERRORS, type ErrorCode, messageOf, WeirError } from '../base/errors.ts';

/** Values of a query string; absent ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Asks the agent of one socket. Every call throws {WeirError} `AGENT_UNREACHABLE`, or what the agent answered. */
export interface AgentClient {
  readonly socket: string;
  /** GET a JSON document. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** GET a list page by page, each page's items as they come. */
  pages(path: string, query?: Query): AsyncGenerator<readonly unknown[], void>;
  /** Let the process end: connections are kept open between calls. */
  close(): void;
}

/** A list as the API sends it. */
interface Page {
  readonly items: readonly unknown[];
  /** Present when there is more: the value of `cursor` for the next page. */
  readonly next?: string;
}

/** Milliseconds without a byte after which the agent counts as gone. */
const SILENCE = 15_000;
/** Items per page: large enough that a full routing table takes few round trips. */
const PAGE_SIZE = 10_000;

/** A client of the agent that listens on `socket`. Nothing is sent before the first call. */
export function connectAgent(socket: string): AgentClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const get = async <T>(path: string, query: Query = {}): Promise<T> =>
    (await answer(socket, await ask(socket, agent, `${path}${search(query)}`), path)) as T;
  return {
    socket,
    get,
    async *pages(path, query = {}) {
      let cursor: string | undefined;
      do {
        const page: Page = await get<Page>(path, { ...query, limit: PAGE_SIZE, cursor });
        yield page.items;
        cursor = page.next;
      } while (cursor !== undefined);
    },
    close: () => agent.destroy(),
  };
}

function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

function ask(socket: string, agent: Agent, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, agent, path, headers: { accept: 'application/json' } });
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

async function answer(socket: string, response: IncomingMessage, path: string): Promise<unknown> {
  const body = await text(response).catch((error: Error) => {
    throw unreachable(socket, new Error('it broke off in the middle of an answer', { cause: error }));
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
