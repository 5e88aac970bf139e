// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';

/** Who is at the other end of a connection, as the kernel says. */
export type Peer =
  | { readonly kind: 'unix'; readonly pid: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'tcp'; readonly address: string };

/** SO_PEERCRED of a connected Unix socket. @returns pid, uid and gid, or a negative errno. */
export type PeerCredentials = (fd: number) => readonly [pid: number, uid: number, gid: number] | number;

const peers = new WeakMap<Socket, Peer>();

/** Note who connected; called once for each connection, before its first request. */
export function rememberPeer(socket: Socket, peer: Peer): void {
  peers.set(socket, peer);
}

/** Who is at the other end of `socket`; undefined where the kernel did not say. */
export function peerOf(socket: Socket): Peer | undefined {
  return peers.get(socket);
}

/** A peer in words for the log and for errors. */
export function describePeer(peer: Peer | undefined): string {
  if (peer === undefined) return 'unknown';
  return peer.kind === 'unix' ? `uid ${peer.uid} pid ${peer.pid}` : peer.address;
}

/** The descriptor of a connected socket, which Node keeps to itself. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
}
