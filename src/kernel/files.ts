// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { type FileHandle, open as openLater } from 'node:fs/promises';
import type { NetnsFd } from '../base/brand.ts';
import { textOf } from '../base/bytes.ts';
import { ERRNO } from '../base/errno.gen.ts';
import { WeirError } from '../base/errors.ts';
import { checked, deniedError, kernelError, NAMESPACE_RIGHT } from './errno.ts';
import { native } from './native.ts';
import type { FileWriter } from './ports.ts';

/** A FileWriter that holds descriptors. */
export interface ClosableFiles extends FileWriter {
  close(): void;
}

/** How one file system is reached. Paths are as FileReader gets them. */
interface Root {
  /** For messages. */
  readonly name: string;
  /** Descriptor, or a negative errno. */
  open(path: string): number;
  /** Names, or a negative errno. */
  list(path: string): readonly string[] | number;
  /** A path under which the file can be opened for writing, for as long as `use` runs. */
  writable<T>(path: string, use: (path: string) => Promise<T>): Promise<T>;
  close(): void;
}

/** Most procfs files are below it, and come with one system call. */
const CHUNK = 64 << 10;
/** Descriptors that stay open for the next read; the files of one scrape, not one per device. */
const CACHED = 64;
/** Milliseconds of reading after which the event loop gets a turn. */
const TURN = 2;

/** What it means when a file does not take what is written. */
const REFUSALS: Readonly<Record<number, string>> = {
  [ERRNO.EACCES]: 'it can only be read in this network namespace',
  [ERRNO.EINVAL]: 'the kernel does not take the value VALUE',
  [ERRNO.ERANGE]: 'the kernel does not take the value VALUE, which is out of range',
  [ERRNO.EOVERFLOW]: 'the kernel does not take the value VALUE, which is too large',
};

const scratch = Buffer.allocUnsafeSlow(CHUNK);

/** /proc as the namespace sees it: `net/` of its own, `sys/net/` of its own, the rest of the machine. */
export function procReader(netns: NetnsFd): ClosableFiles {
  const place = (path: string) => (/^net(\/|$)/.test(path) ? `/proc/thread-self/${path}` : `/proc/${path}`);
  return new CachedReader({
    name: '/proc',
    open: (path) => native().netnsOpen(netns, place(path)),
    list: (path) => namesOf(native().netnsList(netns, place(path))),
    writable: (path, use) => reopened(native().netnsOpen(netns, place(path)), use),
    close: () => undefined,
  });
}

/**
 * /sys as the namespace sees it, through a sysfs of its own that is mounted nowhere.
 * Without the right to make one (CAP_SYS_ADMIN, Linux 5.2) `fallback` is read instead: right for the agent's own
 * namespace when its /sys was mounted there, which is the rule. For other namespaces there is none.
 */
export function sysReader(netns: NetnsFd, fallback?: string): ClosableFiles {
  const directories = new Map<boolean, number>();
  const base = (writable = false) => {
    const directory = directories.get(writable) ?? sysDirectory(netns, writable, fallback);
    directories.set(writable, directory);
    return `/proc/self/fd/${directory}`;
  };
  return new CachedReader({
    name: '/sys',
    open: (path) => attempt(() => openSync(`${base()}/${path}`, 'r')),
    list: (path) => attempt(() => readdirSync(`${base()}/${path}`)),
    writable: async (path, use) => use(`${base(true)}/${path}`),
    close: () => {
      for (const directory of directories.values()) closeSync(directory);
    },
  });
}

function sysDirectory(netns: NetnsFd, writable: boolean, fallback: string | undefined): number {
  const mounted = native().netnsSysfs(netns, writable);
  if (mounted >= 0) return mounted;
  if (fallback !== undefined) return openSync(fallback, 'r');
  return checked('mount the sysfs of a network namespace', mounted, NAMESPACE_RIGHT);
}

/** The descriptor was opened inside the namespace; its name leads to that very file, for writing too. */
async function reopened<T>(fd: number, use: (path: string) => Promise<T>): Promise<T> {
  if (fd < 0) throw Object.assign(new Error('not opened'), { errno: fd });
  try {
    return await use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** The result of a function of node:fs, or the negative errno. */
function attempt<T>(work: () => T): T | number {
  try {
    return work();
  } catch (error) {
    return errnoOf(error);
  }
}

/** The negative errno of an error of node:fs. */
function errnoOf(error: unknown): number {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) throw error;
  return errno;
}

function namesOf(list: Buffer | number): readonly string[] | number {
  return typeof list === 'number' ? list : textOf(list).split('\0').slice(0, -1);
}

class CachedReader implements ClosableFiles {
  readonly #root: Root;
  /** Descriptors that nobody reads at the moment. */
  readonly #idle = new Map<string, number>();
  #closed = false;

  constructor(root: Root) {
    this.#root = root;
  }

  async read(path: string): Promise<Uint8Array> {
    this.#mustBeReadable(path);
    const cached = this.#idle.get(path);
    if (cached !== undefined) {
      this.#idle.delete(path);
      // what was open may belong to a device that is gone, and a new one may have its name
      const content = await this.#readAndKeep(path, cached).catch(() => undefined);
      if (content !== undefined) return content;
    }
    const fd = this.#root.open(path);
    if (fd < 0) throw this.#refused(path, -fd);
    return this.#readAndKeep(path, fd);
  }

  async list(path: string): Promise<readonly string[]> {
    this.#mustBeReadable(path);
    const names = this.#root.list(path);
    if (typeof names === 'number') throw this.#refused(path, -names);
    return names;
  }

  async write(path: string, text: string): Promise<void> {
    this.#mustBeReadable(path);
    let file: FileHandle | undefined;
    try {
      await this.#root.writable(path, async (place) => {
        file = await openLater(place, constants.O_WRONLY);
        await file.write(text, 0);
      });
    } catch (error) {
      throw this.#unwritten(path, text, -errnoOf(error));
    } finally {
      await file?.close();
    }
  }

  close(): void {
    this.#closed = true;
    for (const fd of this.#idle.values()) closeSync(fd);
    this.#idle.clear();
    this.#root.close();
  }

  async #readAndKeep(path: string, fd: number): Promise<Uint8Array> {
    let keep = false;
    try {
      const content = await readAll(fd);
      keep = !this.#closed && this.#idle.size < CACHED && !this.#idle.has(path);
      return content;
    } catch (error) {
      throw this.#refused(path, -errnoOf(error));
    } finally {
      if (keep) this.#idle.set(path, fd);
      else closeSync(fd);
    }
  }

  #unwritten(path: string, text: string, errno: number): WeirError {
    const value = JSON.stringify(text.trim());
    const message = REFUSALS[errno]?.replace('VALUE', () => value);
    if (message === undefined) return this.#refused(path, errno, 'write');
    return kernelError(`write ${this.#root.name}/${path}`, errno, { message });
  }

  #refused(path: string, errno: number, verb = 'read'): WeirError {
    const what = `${this.#root.name}/${path}`;
    if (errno === ERRNO.ENOENT || errno === ERRNO.ENODEV) return new WeirError('NO_DATA', { what });
    return deniedError(`${verb} ${what}`, errno, NAMESPACE_RIGHT);
  }

  #mustBeReadable(path: string): void {
    // the number of the namespace's descriptor may be another's by now
    if (this.#closed) throw new WeirError('NO_DATA', { what: `${this.#root.name}/${path}` });
    if (path.startsWith('/') || path.includes('\0') || path.split('/').includes('..'))
      throw new WeirError('VALUE', { what: `path "${path}"`, problem: 'must be relative and without ".."' });
  }
}

/** Read from the start to the end: these files are made anew by a read at offset 0. */
async function readAll(fd: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let turn = performance.now();
  for (let offset = 0; ; ) {
    const count = readSync(fd, scratch, 0, CHUNK, offset);
    if (count === 0) return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    chunks.push(Uint8Array.prototype.slice.call(scratch, 0, count));
    offset += count;
    if (performance.now() - turn > TURN) {
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
  }
}
