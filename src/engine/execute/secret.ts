// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { messageOf, WeirError } from '../../base/errors.ts';

const KEY_BYTES = 32;
const MOST_BYTES = 1024;
const OTHERS = 0o077;
/** Canonical base64 of 32 bytes. */
const KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/**
 * Read a key of 32 bytes that stands in base64 in a file. What is in the file goes into no message.
 * @throws {WeirError} `VALUE` when it cannot be read, when others may read or write it, or when it holds no key.
 */
export async function readSecret(path: string): Promise<Uint8Array> {
  if (!isAbsolute(path)) throw refused(path, 'is no absolute path');
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refused(path, `cannot be read: ${messageOf(error)}`);
  });
  try {
    return await keyIn(file, path);
  } finally {
    await file.close();
  }
}

async function keyIn(file: FileHandle, path: string): Promise<Uint8Array> {
  const { mode, size, uid } = await file.stat();
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refused(path, 'is no plain file');
  if (uid !== 0 && uid !== process.geteuid?.())
    throw refused(path, 'belongs to another user: `chown root` it');
  if ((mode & OTHERS) !== 0) throw refused(path, 'is open to others: `chmod 600` it');
  if (size > MOST_BYTES)
    throw refused(path, `holds more than ${MOST_BYTES} bytes: a key is one line of base64`);
  const text = (await file.readFile('latin1')).trim();
  if (!KEY.test(text))
    throw refused(path, `holds no key: write ${KEY_BYTES} bytes in base64, as \`wg genkey\` does`);
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function refused(path: string, problem: string): WeirError {
  return new WeirError('VALUE', { what: `key file "${path}"`, problem });
}
