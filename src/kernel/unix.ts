// SPDX-License-Identifier: Apache-2.0
import { checked } from './errno.ts';
import { native } from './native.ts';

/** Who is at the other end of a Unix socket, as it was when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The peer of a connected Unix socket (SO_PEERCRED). @throws {KernelError} e.g. ENOTSOCK. */
export function peerCredentials(fd: number): PeerCredentials {
  const [pid, uid, gid] = checked('read the credentials of a Unix peer', native().unixPeer(fd));
  return { pid, uid, gid };
}

/**
 * Send one datagram to a Unix socket, as sd_notify(3) wants; a path that begins with `@` is in the abstract namespace.
 * @throws {KernelError} e.g. ECONNREFUSED when nobody receives there.
 */
export function sendUnixDatagram(path: string, bytes: Uint8Array): void {
  checked(`send to the Unix socket ${path}`, native().unixSend(path, bytes));
}
