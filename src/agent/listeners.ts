// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { NodeInfo } from '../api/schemas/node.ts';
import { messageOf, WeirError } from '../base/errors.ts';
import { listenTcp, listenUnix } from '../http/listen.ts';
import { descriptorOf, type Peer, type PeerCredentials } from '../http/peer.ts';
import { createServer, renewTls, type ServerLimits, type TlsMaterial } from '../http/server.ts';
import type { Settings } from './config/schema.ts';
import { groupId } from './group.ts';
import type { AgentLog } from './log.ts';

/** The open listeners of an agent. */
export interface Listeners {
  readonly describe: () => NodeInfo['listeners'];
  /** New certificates for new connections. */
  renewTls(tls: TlsMaterial): void;
  /** Take no more connections, let running requests end for so long, then cut the rest. */
  close(deadlineMs: number): Promise<void>;
}

export interface ListenerParts {
  readonly handler: RequestListener;
  readonly settings: Settings;
  readonly tls: TlsMaterial | undefined;
  readonly peerCredentials: PeerCredentials;
  readonly log: AgentLog['log'];
}

/** Open the Unix socket and the TCP port. @throws {WeirError} `AGENT_RUNNING` or `LISTEN`; nothing stays open then. */
export async function openListeners(parts: ListenerParts): Promise<Listeners> {
  const { handler, settings, tls, log } = parts;
  const limits: ServerLimits = settings.http.limits;
  const unix = createServer(handler, { limits, log, peer: unixPeer(parts) });
  const tcp = createServer(handler, { limits, log, peer: tcpPeer, ...(tls === undefined ? {} : { tls }) });
  await openUnix(unix, settings, log);
  try {
    await openTcp(tcp, settings, log);
  } catch (error) {
    unix.close();
    throw error;
  }
  const servers = [unix, tcp].filter((server) => server.listening);
  return {
    describe: () => servers.map((server) => describeListener(server, settings)),
    renewTls: (material) => renewTls(tcp, material),
    close: async (deadlineMs) => {
      await Promise.all(servers.map((server) => closeServer(server, deadlineMs)));
    },
  };
}

async function openUnix(server: Server, { socket, group }: Settings, log: AgentLog['log']): Promise<void> {
  const gid = groupId(group);
  if (gid === undefined) log.info({ group }, 'there is no such group: only root may use the socket');
  makeDirectory(dirname(socket));
  await listenUnix(server, socket, gid);
  log.info({ socket }, 'listening');
}

async function openTcp(server: Server, { listen, http }: Settings, log: AgentLog['log']): Promise<void> {
  if (listen === 'none') return;
  const cut = listen.lastIndexOf(':');
  const host = listen.slice(0, cut).replace(/^\[|\]$/g, '');
  const port = Number(listen.slice(cut + 1));
  if (port > 65_535) throw new WeirError('LISTEN', { address: listen, problem: 'ports end at 65535' });
  await listenTcp(server, host, port);
  log.info({ address: addressOf(server), tls: http.tls !== undefined }, 'listening');
  const isLocal = /^(localhost|127\.|::1)/.test(host);
  if (http.tokens !== undefined && http.tls === undefined && !isLocal)
    log.warn({ address: listen }, 'tokens travel without TLS: anyone on the way can read them');
}

function describeListener(server: Server, { http }: Settings): NodeInfo['listeners'][number] {
  const address = addressOf(server);
  if (typeof server.address() === 'string') return { address, access: 'everything, for root and the group' };
  const credentials = [
    ...(http.tokens === undefined ? [] : ['a token']),
    ...(http.tls?.clientCa === undefined ? [] : ['a client certificate']),
  ].join(' or ');
  const rest = credentials === '' ? '' : `; the rest with ${credentials}`;
  return { address, access: `metrics and health, for everybody${rest}` };
}

function addressOf(server: Server): string {
  const address = server.address() as AddressInfo | string;
  if (typeof address === 'string') return address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

function unixPeer({ peerCredentials, log }: ListenerParts): (socket: Socket) => Peer | undefined {
  return (socket) => {
    const found = peerCredentials(descriptorOf(socket));
    if (typeof found === 'number') {
      log.warn({ errno: -found }, 'the kernel does not say who connected');
      return undefined;
    }
    const [pid, uid, gid] = found;
    return { kind: 'unix', pid, uid, gid };
  };
}

function tcpPeer(socket: Socket): Peer {
  return { kind: 'tcp', address: `${socket.remoteAddress}:${socket.remotePort}` };
}

async function closeServer(server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(late);
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new WeirError('LISTEN', { address: path, problem: messageOf(cause) }, { cause });
  }
}
