// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, WeirError } from '../../../base/errors.ts';
import type { ObjectSignature } from '../../../codec/bpf/program.ts';

/**
 * Check who has signed an object: the owner of the key that its document names, and of one of those in `keyDir`, where
 * either is given.
 * @throws {WeirError} `BPF_OBJECT` when they have not.
 */
export async function mustBeSigned(
  bytes: Uint8Array,
  signature: ObjectSignature | undefined,
  keyDir: string | undefined,
): Promise<void> {
  if (signature?.key !== undefined && !isSigned(bytes, signature, await publicKey(signature.key)))
    throw refused(`its signature is not of the key in ${signature.key}`);
  if (keyDir === undefined) return;
  if (signature === undefined)
    throw refused(`it is not signed, and this agent loads what one of the keys in ${keyDir} has signed`);
  const keys = await keysIn(keyDir);
  if (!keys.some((key) => isSigned(bytes, signature, key)))
    throw refused(`its signature is of none of the ${keys.length} keys in ${keyDir}`);
}

function isSigned(bytes: Uint8Array, { value }: ObjectSignature, key: KeyObject): boolean {
  return verify(null, bytes, key, Buffer.from(value, 'base64'));
}

async function keysIn(folder: string): Promise<readonly KeyObject[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.pub'));
    return await Promise.all(names.map((name) => publicKey(join(folder, name))));
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw refused(`the keys in ${folder} cannot be read: ${messageOf(error)}`);
  }
}

async function publicKey(path: string): Promise<KeyObject> {
  let key: KeyObject;
  try {
    key = createPublicKey(await readFile(path));
  } catch (error) {
    throw refused(`the key in ${path} cannot be read: ${messageOf(error)}`);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw refused(`the key in ${path} is no Ed25519 key`);
}

function refused(problem: string): WeirError {
  return new WeirError('BPF_OBJECT', { problem });
}
