// SPDX-License-Identifier: Apache-2.0
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WeirError } from '../../../base/errors.ts';
import type { ObjectSignature, ProgramObject } from '../../../codec/bpf/program.ts';

/** Bytes of one object; real ones have some ten thousand. */
export const MOST_OBJECT_BYTES = 16 << 20;
const PREFIX = 'sha256:';

/** Objects by their digests, in files. What was applied once can be brought back from here. */
export class ObjectStore {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'objects');
  }

  /**
   * The bytes of an object: from the store, else from its path.
   * @throws {WeirError} `BPF_OBJECT` when there is none of the digest, or none that its owner has signed.
   */
  async bytesOf({ digest, path, signature }: ProgramObject): Promise<Uint8Array> {
    const stored = await readIf(this.#path(digest));
    const bytes = stored !== undefined && digestOf(stored) === digest ? stored : await fromPath(digest, path);
    if (signature !== undefined) await mustBeSigned(bytes, signature);
    return bytes;
  }

  /** Keep an object. @throws {WeirError} `BPF_OBJECT` when it has another digest. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    mustHave(digest, bytes, 'it');
    const path = this.#path(digest);
    if ((await readIf(path)) !== undefined) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, bytes, { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
  }

  #path(digest: string): string {
    return join(this.#folder, digest.slice(PREFIX.length));
  }
}

/** `sha256:...` of these bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `${PREFIX}${createHash('sha256').update(bytes).digest('hex')}`;
}

async function fromPath(digest: string, path: string | undefined): Promise<Uint8Array> {
  if (path === undefined)
    throw refused(`the store has none with ${digest}: upload it to /v1/objects/${digest}, or give \`path\``);
  const bytes = await readObject(path);
  mustHave(digest, bytes, path);
  return bytes;
}

async function readObject(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MOST_OBJECT_BYTES) throw refused(`${path} has more than ${MOST_OBJECT_BYTES} bytes`);
    const file = await open(path, 'r');
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw refused(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function mustHave(digest: string, bytes: Uint8Array, what: string): void {
  const found = digestOf(bytes);
  if (found !== digest) throw refused(`${what} has the digest ${found}, not ${digest}`);
}

async function mustBeSigned(bytes: Uint8Array, { key, value }: ObjectSignature): Promise<void> {
  const signature = Buffer.from(value, 'base64');
  if (!verify(null, bytes, await publicKey(key), signature))
    throw refused(`its signature is not of the key in ${key}`);
}

async function publicKey(path: string) {
  try {
    const key = createPublicKey(await readFile(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw refused(`the key in ${path} cannot be read: ${messageOf(error)}`);
  }
  throw refused(`the key in ${path} is no Ed25519 key`);
}

async function readIf(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch(() => undefined);
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
