// SPDX-License-Identifier: Apache-2.0
// The one folder that captures are written to, and how much may be in it.
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, realpath, statfs, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { messageOf, WeirError } from '../base/errors.ts';

export interface FolderLimits {
  readonly directory: string;
  /** Bytes that all files in it may have. */
  readonly quotaBytes: number;
  /** Bytes of its file system that stay free. */
  readonly minFreeBytes: number;
}

/** Milliseconds for which a look at the free space holds. */
const FREE_MS = 500;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]{0,199}$/;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Files of captures. Each is new, readable by its owner only, and directly in the folder. */
export class CaptureFolder {
  readonly #limits: FolderLimits;
  #used = 0;
  /** Bytes that may still be written before it is looked again how much is free, and until when that holds. */
  #free = { bytes: 0, until: 0 };
  /** Bytes that somebody is writing. */
  #reserved = 0;

  constructor(limits: FolderLimits) {
    this.#limits = limits;
  }

  get directory(): string {
    return this.#limits.directory;
  }

  /**
   * The name of a file in the folder, given by its name or its whole path.
   * @throws {WeirError} `VALUE` for one that is elsewhere.
   */
  nameOf(given: string): string {
    const { directory } = this.#limits;
    const path = isAbsolute(given) ? resolve(given) : join(directory, given);
    const name = path.slice(directory.length + 1);
    if (dirname(path) === resolve(directory) && NAME.test(name)) return name;
    throw new WeirError('VALUE', {
      what: `file "${given}"`,
      problem: `captures are written to ${directory} only, under a plain name: give that, or stream to standard output`,
    });
  }

  /** Make sure that it is there, and see what is in it. @throws {WeirError} `FILE`, `CAPTURE_SPACE`. */
  async prepare(): Promise<void> {
    const { directory } = this.#limits;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if ((await realpath(directory)) !== resolve(directory))
        throw new Error('it is, or lies behind, a symbolic link');
      this.#used = await sizeOf(directory);
    } catch (error) {
      throw new WeirError('FILE', { path: directory, problem: messageOf(error) }, { cause: error });
    }
    const problem = await this.refuses(0);
    if (problem !== undefined) throw new WeirError('CAPTURE_SPACE', { path: directory, problem });
  }

  /** Why so many bytes more must not be written, in words. */
  async refuses(bytes: number): Promise<string | undefined> {
    const { directory, quotaBytes, minFreeBytes } = this.#limits;
    if (this.#used + bytes > quotaBytes)
      return `the quota of ${quotaBytes} bytes for captures is used up: remove some from ${directory}`;
    if (bytes < this.#free.bytes && performance.now() < this.#free.until) return undefined;
    const { bavail, bsize } = await statfs(directory);
    const left = bavail * bsize;
    if (left - bytes < minFreeBytes)
      return `the file system has ${left} bytes left, of which ${minFreeBytes} must stay free`;
    // others write too: of what is free only a part is counted on, for a moment
    this.#free = { bytes: (left - minFreeBytes) / 4, until: performance.now() + FREE_MS };
    return undefined;
  }

  /**
   * Keep room for what is about to be written, so that others do not count on it.
   * @returns bytes, to be given back with {@link release}: as many as wanted or, where {@link refuses} says why or others
   * are writing, fewer.
   */
  async reserve(wanted: number): Promise<number> {
    if ((await this.refuses(0)) !== undefined) return 0;
    const left = Math.min(this.#limits.quotaBytes - this.#used, this.#free.bytes) - this.#reserved;
    const bytes = Math.max(0, Math.min(wanted, left));
    this.#reserved += bytes;
    return bytes;
  }

  /** So many reserved bytes are no longer needed; what was written is told to {@link account}. */
  release(bytes: number): void {
    this.#reserved -= bytes;
  }

  /** @throws {WeirError} `FILE` when there is one of the name. */
  async create(name: string): Promise<FileHandle> {
    const path = join(this.#limits.directory, name);
    try {
      return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    } catch (error) {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      const problem = exists ? 'there is such a file already; give another name' : messageOf(error);
      throw new WeirError('FILE', { path, problem }, { cause: error });
    }
  }

  pathOf(name: string): string {
    return join(this.#limits.directory, name);
  }

  /** So many bytes were written, or, below 0, removed. */
  account(bytes: number): void {
    this.#used += bytes;
    this.#free.bytes -= Math.max(0, bytes);
  }

  /** What is gone already counts as removed. */
  async remove(name: string, bytes: number): Promise<void> {
    await unlink(this.pathOf(name)).catch(() => {});
    this.account(-bytes);
  }
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(directory, name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
