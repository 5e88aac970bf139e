// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WeirError } from '../../../base/errors.ts';
import type { ProgramObject } from '../../../codec/bpf/program.ts';
import { mustBeSigned } from './signature.ts';

/** Bytes of one object; real ones have some ten thousand. */
export const MOST_OBJECT_BYTES = 16 << 20;
const PREFIX = 'sha256:';
const ELF = [0x7f, 0x45, 0x4c, 0x46];

/** Objects by their digests, in files. What was applied once can be brought back from here. */
export class ObjectStore {
  readonly #folder: string;

  readonly #keyDir: string | undefined;

  /** @param keyDir Directory of the keys of which one must have signed an object. */
  constructor(stateDir: string, keyDir: string | undefined) {
    this.#folder = join(stateDir, 'objects');
    this.#keyDir = keyDir;
  }

  /**
   * The bytes of an object: from the store, else from its path.
   * @throws {WeirError} `BPF_OBJECT` when there is none of the digest, or none that its owner has signed.
   */
  async bytesOf({ digest, path, signature }: ProgramObject): Promise<Uint8Array> {
    const stored = await readIf(this.#path(digest));
    const bytes = stored !== undefined && digestOf(stored) === digest ? stored : await fromPath(digest, path);
    await mustBeSigned(bytes, signature, this.#keyDir);
    return bytes;
  }

  /** Keep an object. @throws {WeirError} `BPF_OBJECT` when it has another digest. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    const found = digestOf(bytes);
    if (found !== digest) throw refused(`it has the digest ${found}, not ${digest}`);
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
  if (digestOf(bytes) === digest) return bytes;
  // whoever may plan must not learn anything about other files
  const isElf = bytes.length > ELF.length && ELF.every((byte, i) => bytes[i] === byte);
  throw refused(
    isElf ? `${path} has the digest ${digestOf(bytes)}, not ${digest}` : `${path} is no ELF file`,
  );
}

async function readObject(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw refused(`${path} is no plain file`);
      if (stat.size > MOST_OBJECT_BYTES) throw refused(`${path} has more than ${MOST_OBJECT_BYTES} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw refused(`${path} cannot be read: ${messageOf(error)}`);
  }
}

async function readIf(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch(() => undefined);
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
