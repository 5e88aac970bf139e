// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, type Stats, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf, WeirError } from '../base/errors.ts';
import type { TrustStore } from '../http/auth/identify.ts';
import { TokenTable } from '../http/auth/tokens.ts';
import type { TlsMaterial } from '../http/server.ts';
import { parseYaml } from './config/load.ts';
import type { Settings } from './config/schema.ts';

/** Bits of a mode that would let others read or change a secret: all of other's, and the group's write bit. */
const FORBIDDEN_MODE = 0o027;
/** Milliseconds between looks at the token file. */
const WATCH_MS = 2_000;

/** Read whom the agent trusts. @throws {WeirError} `CONFIG` naming the file that is wrong. */
export async function loadTrust({ tokens, tls }: Settings['http']): Promise<TrustStore> {
  const certificates = tls?.clients ?? [];
  if (tokens === undefined) return { tokens: undefined, certificates };
  const table = TokenTable.parse(tokens, await parseYaml(tokens, readSecret(tokens).toString()));
  return { tokens: table, certificates };
}

/** Read certificate, key and authority. @throws {WeirError} `CONFIG` naming the file that is wrong. */
export function loadTls({ tls }: Settings['http']): TlsMaterial | undefined {
  if (tls === undefined) return undefined;
  const { certificate, key, clientCa } = tls;
  const material = { cert: readPublic(certificate), key: readSecret(key) };
  attempt(certificate, () => new X509Certificate(material.cert));
  attempt(key, () => createSecureContext(material));
  if (clientCa === undefined) return material;
  const ca = readPublic(clientCa);
  attempt(clientCa, () => new X509Certificate(ca));
  return { ...material, ca };
}

/** A server says neither which file is wrong, nor that an authority is none. */
function attempt(file: string, use: () => unknown): void {
  try {
    use();
  } catch (cause) {
    throw wrong(file, messageOf(cause), cause);
  }
}

/** Call `changed` when the token file changes. @returns how to stop. */
export function watchTokens({ tokens }: Settings['http'], changed: () => void): () => void {
  if (tokens === undefined) return () => {};
  const listener = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) changed();
  };
  watchFile(tokens, { interval: WATCH_MS, persistent: false }, listener);
  return () => unwatchFile(tokens, listener);
}

function readPublic(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw wrong(file, messageOf(cause), cause);
  }
}

/** Mode and content of the same open file: nobody can swap it in between. */
function readSecret(file: string): Buffer {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw wrong(file, messageOf(cause), cause);
  }
  try {
    const mode = fstatSync(fd).mode & 0o777;
    if ((mode & FORBIDDEN_MODE) !== 0)
      throw wrong(file, `mode ${mode.toString(8).padStart(4, '0')} lets others in, make it 0600 or 0640`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function wrong(file: string, problem: string, cause?: unknown): WeirError {
  return new WeirError('CONFIG', { file, path: 'file', problem }, { cause });
}
