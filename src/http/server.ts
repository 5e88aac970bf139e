// SPDX-License-Identifier: Apache-2.0
// A server with limits, and errors for what never becomes a request.
import http, {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { WeirError } from '../base/errors.ts';
import { describePeer, type Peer, peerOf, rememberPeer } from './peer.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';

/** Bounds of one listener. */
export interface ServerLimits {
  /** Connections at a time; more are closed at once. */
  readonly connections: number;
  /** Bytes of the request line and headers. */
  readonly headerBytes: number;
  /** Until the headers are complete. */
  readonly headersTimeoutSeconds: number;
  /** Until the whole request is there. */
  readonly requestTimeoutSeconds: number;
  /** Without a byte moving. */
  readonly idleTimeoutSeconds: number;
}

/** Certificate, key and (for client certificates) the authority, as PEM. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface ServerOptions {
  readonly limits: ServerLimits;
  readonly log: FastifyBaseLogger;
  /** Ask the kernel who connected. */
  readonly peer: (socket: Socket) => Peer | undefined;
  readonly tls?: TlsMaterial;
}

/** Make a server that hands requests to `handler`; the caller makes it listen. */
export function createServer(handler: RequestListener, options: ServerOptions): Server {
  const { limits, log } = options;
  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutSeconds * 1000,
    requestTimeout: limits.requestTimeoutSeconds * 1000,
    keepAliveTimeout: limits.idleTimeoutSeconds * 1000,
    connectionsCheckingInterval: 1000,
    // The application says so itself, in the same form as every other error.
    requireHostHeader: false,
  };
  const server =
    options.tls === undefined
      ? http.createServer(settings, handler)
      : https.createServer(
          // Silence before the handshake holds a connection no longer than silence after it.
          { ...settings, ...tlsSettings(options.tls), handshakeTimeout: settings.headersTimeout },
          handler,
        );
  server.maxConnections = limits.connections;
  server.timeout = limits.idleTimeoutSeconds * 1000;
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    const peer = options.peer(socket);
    if (peer !== undefined) rememberPeer(socket, peer);
  });
  answerWhatIsNoRequest(server, limits, log);
  warnOfDrops(server, limits, log);
  return server;
}

/** New key material for a running TLS server; connections that stand keep theirs. */
export function renewTls(server: Server, tls: TlsMaterial): void {
  if (server instanceof https.Server) server.setSecureContext(tlsSettings(tls));
}

/** Clients without a certificate are let in, so that open routes stay open; the guard refuses them the rest. */
function tlsSettings(tls: TlsMaterial) {
  const wantsCertificate = { ca: tls.ca, requestCert: true, rejectUnauthorized: false };
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: 'TLSv1.2' as const,
    ...(tls.ca === undefined ? {} : wantsCertificate),
  };
}

function answerWhatIsNoRequest(server: Server, limits: ServerLimits, log: FastifyBaseLogger): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const told = clientFault(error, limits);
    const who = describePeer(peerOf(socket as Socket));
    log.debug({ who, code: told.code, reason: error.code }, 'connection refused');
    if (error.code === 'ECONNRESET' || hasBegunToAnswer(socket)) socket.destroy();
    else writeProblem(socket, told);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    writeProblem(
      socket,
      new WeirError('METHOD_NOT_ALLOWED', { method: 'CONNECT', path: 'a proxy target', allowed: 'GET' }),
    ),
  );
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const problem = `the expectation "${request.headers.expect}" cannot be met`;
    response.shouldKeepAlive = false;
    writeProblem(
      response.socket ?? request.socket,
      new WeirError('REQUEST_INVALID', { where: 'Expect', problem }),
    );
  });
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ who: describePeer(peerOf(socket)), reason: error.message }, 'TLS handshake failed');
    // Nothing can be told without a handshake: an answer would wait for it, and hold the connection, for ever.
    socket.destroy();
  });
}

function clientFault(error: NodeJS.ErrnoException, limits: ServerLimits): WeirError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new WeirError('REQUEST_TIMEOUT', { seconds: limits.headersTimeoutSeconds });
    case 'HPE_HEADER_OVERFLOW':
      return new WeirError('HEADERS_TOO_LARGE', { limit: limits.headerBytes });
    default:
      return new WeirError('REQUEST_INVALID', {
        where: 'request',
        problem: `not HTTP/1.1 (${error.code ?? 'malformed'})`,
      });
  }
}

/** True when bytes of an answer are out already, so that another answer would corrupt it. */
function hasBegunToAnswer(socket: Duplex): boolean {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}

function writeProblem(socket: Duplex, error: WeirError): void {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  if (!socket.writable) return void socket.destroy();
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** One line for each ten seconds in which connections were dropped. */
function warnOfDrops(server: Server, limits: ServerLimits, log: FastifyBaseLogger): void {
  let quietUntil = 0;
  server.on('drop', () => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + 10_000;
    log.warn({ limit: limits.connections }, 'too many connections: new ones are closed');
  });
}
