// SPDX-License-Identifier: Apache-2.0
import type { FastifyRequest } from 'fastify';

/** The connection is silent while the answer is being made, for as long as that takes: it is not idle. */
export function withoutTimeLimit({ raw }: FastifyRequest): void {
  raw.socket.setTimeout(0);
}
