// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../api/change-service.ts';
import type { Identity } from './auth/identify.ts';
import { peerOf } from './peer.ts';

const identities = new WeakMap<IncomingMessage, Identity>();

/** Note who sends a request, once that is known. */
export function rememberCaller(request: IncomingMessage, identity: Identity): void {
  identities.set(request, identity);
}

/** Who sends `request`, as the history shall name them, and where the answer goes. */
export function callerOf(request: IncomingMessage): Caller {
  const who = identities.get(request)?.name ?? 'unknown';
  const peer = peerOf(request.socket)?.kind === 'tcp' ? request.socket.remoteAddress : undefined;
  return peer === undefined ? { who } : { who, peer: peer.replace(/^::ffff:(?=\d+\.)/, '') };
}
