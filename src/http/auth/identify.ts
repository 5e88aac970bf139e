// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Role } from '../../api/role.ts';
import { describePeer, peerOf } from '../peer.ts';
import { type CertificateRule, matchCertificate } from './certificates.ts';
import type { TokenTable } from './tokens.ts';
import { userName } from './user-name.ts';

/** Who sends a request, and what they may do. */
export interface Identity {
  /** For the log: never holds a secret. */
  readonly who: string;
  /** For the history: the user, token or certificate, without the connection. */
  readonly name?: string;
  readonly role?: Role;
  /** Why there is no role. */
  readonly problem?: string;
}

/** What the agent trusts; both may change while it runs. */
export interface TrustStore {
  readonly tokens: TokenTable | undefined;
  readonly certificates: readonly CertificateRule[];
}

/**
 * Find out who sends `request`. Whoever may connect to the Unix socket may do everything: the kernel checked the
 * socket's mode. Over TCP a bearer token goes before a client certificate.
 */
export function identify(request: IncomingMessage, trust: TrustStore): Identity {
  const peer = peerOf(request.socket);
  const who = describePeer(peer);
  if (peer === undefined) return { who, problem: 'the peer is not known' };
  if (peer.kind === 'unix') return { who, name: userName(peer.uid), role: 'change' };
  const authorization = request.headers.authorization;
  if (authorization !== undefined) return byToken(authorization, trust.tokens, who);
  return byCertificate(request.socket, trust.certificates, who);
}

function byToken(authorization: string, tokens: TokenTable | undefined, who: string): Identity {
  const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization) ?? [];
  if (token === undefined) return { who, problem: 'the Authorization header is not a bearer token' };
  const owner = tokens?.find(token);
  if (owner === undefined) return { who, problem: 'the token is not known' };
  return { who: `${owner.name} at ${who}`, name: `token ${owner.name}`, role: owner.role };
}

function byCertificate(socket: unknown, rules: readonly CertificateRule[], who: string): Identity {
  if (!(socket instanceof TLSSocket)) return { who, problem: 'no token was sent' };
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0)
    return { who, problem: 'no token or client certificate was sent' };
  if (!socket.authorized)
    return { who, problem: `the client certificate is not trusted (${socket.authorizationError})` };
  const found = matchCertificate(rules, certificate);
  if (found === undefined) return { who, problem: 'no role is configured for the client certificate' };
  return { who: `${found.name} at ${who}`, name: `certificate ${found.name}`, role: found.role };
}
