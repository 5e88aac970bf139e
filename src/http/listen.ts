// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { createConnection, type ListenOptions } from 'node:net';
import process from 'node:process';
import { messageOf, WeirError } from '../base/errors.ts';

/** Bytes of a path that fit into sun_path of unix(7), which ends with a null byte. */
const MAX_PATH = 107;

/**
 * Listen on a Unix socket that only root and the group `gid` may use. A socket file that nobody answers on, left by
 * an agent that was killed, is replaced.
 *
 * @throws {WeirError} `AGENT_RUNNING` when somebody answers there, `LISTEN` for everything else.
 */
export async function listenUnix(server: Server, path: string, gid: number | undefined): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH)
    throw new WeirError('LISTEN', { address: path, problem: `paths of sockets end at ${MAX_PATH} bytes` });
  await removeStale(path);
  // Between bind() and chmod() nobody else may slip in. bind() happens inside the call to listen().
  const umask = process.umask(0o117);
  const listening = listen(server, { path }, path);
  process.umask(umask);
  await listening;
  if (gid !== undefined) chownSync(path, -1, gid);
  chmodSync(path, 0o660);
}

/** Listen on a TCP address. @throws {WeirError} `LISTEN`. */
export async function listenTcp(server: Server, host: string, port: number): Promise<void> {
  await listen(server, { host, port }, `${host}:${port}`);
}

function listen(server: Server, options: ListenOptions, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new WeirError('LISTEN', { address, problem: error.message }, { cause: error }));
    server.once('error', fail);
    server.listen(options, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

async function removeStale(path: string): Promise<void> {
  const before = statOf(path);
  if (before === undefined) return;
  if (!before.isSocket())
    throw new WeirError('LISTEN', { address: path, problem: 'there is a file that is no socket' });
  if (await answers(path)) throw new WeirError('AGENT_RUNNING', { socket: path });
  // Another agent may have replaced it while we knocked: that one is not ours to remove.
  if (statOf(path)?.ino === before.ino) unlinkSync(path);
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw new WeirError('LISTEN', { address: path, problem: messageOf(cause) }, { cause });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // The queue of a busy agent is full.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(new WeirError('LISTEN', { address: path, problem: error.message }, { cause: error }));
    });
  });
}
