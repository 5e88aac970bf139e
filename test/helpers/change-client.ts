// SPDX-License-Identifier: Apache-2.0
// Asks an agent to change its node, over its Unix socket.
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ApplyReport, ChangeStatus } from '../../src/api/schemas/change.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request with a JSON body. */
export function ask(socketPath: string, method: string, path: string, body?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request({ socketPath, method, path, headers }, async (response) => {
      const said = await text(response);
      resolve({ status: response.statusCode ?? 0, body: said === '' ? undefined : JSON.parse(said) });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Apply documents; what is refused is thrown. */
export async function apply(
  socketPath: string,
  documents: readonly unknown[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<ApplyReport> {
  const { status, body } = await ask(socketPath, 'POST', '/v1/apply', { documents, ...options });
  if (status >= 300) throw new Error(JSON.stringify(body));
  return body as ApplyReport;
}

export async function changeStatus(socketPath: string): Promise<ChangeStatus> {
  return (await ask(socketPath, 'GET', '/v1/change')).body as ChangeStatus;
}

/** A Network document of this name. */
export function network(name: string, spec: object): object {
  return { apiVersion: 'weir.dev/v1', kind: 'Network', metadata: { name }, spec };
}
