// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import type { CaptureFile } from '../model/capture.ts';
import type { CaptureFolder } from './folder.ts';
import type { CaptureSession } from './session.ts';

const DEFAULT_FILES = 10;
const SUFFIX = '.pcapng';
/** What the end of a file needs, which no limit takes away. */
const TRAILER_ROOM = 16 << 10;

interface OpenFile {
  readonly name: string;
  readonly handle: FileHandle;
  readonly opened: number;
  bytes: number;
}

/** Writes a capture to one file, or to several of which the last ones are kept. */
export class FileSink {
  readonly #folder: CaptureFolder;
  readonly #spec: CaptureFile;
  readonly #kept: { readonly name: string; readonly bytes: number }[] = [];
  #file: OpenFile | undefined;
  #number = 0;

  /** @throws {WeirError} `VALUE` for a name that is not of the folder. */
  constructor(folder: CaptureFolder, spec: CaptureFile) {
    this.#folder = folder;
    this.#spec = { ...spec, name: folder.nameOf(spec.name) };
  }

  /** Whole paths of the files that are there, oldest first. */
  files(): readonly string[] {
    const names = [
      ...this.#kept.map(({ name }) => name),
      ...(this.#file === undefined ? [] : [this.#file.name]),
    ];
    return names.map((name) => this.#folder.pathOf(name));
  }

  /** Before anything is captured: a file that cannot be made is an error of the request. @throws {WeirError}. */
  async open(session: CaptureSession): Promise<void> {
    await this.#folder.prepare();
    if (session.state !== 'waiting') await this.#begin(session);
  }

  /** Take all packets of a session. What goes wrong ends the session and is its reason. */
  async write(session: CaptureSession): Promise<void> {
    try {
      for await (const portion of session.packets(() => this.#room()))
        if (!(await this.#portion(session, portion))) {
          session.takeBack();
          break;
        }
      await this.#finish(session);
    } catch (error) {
      session.end({ reason: 'failed', detail: messageOf(error) });
      await this.#file?.handle.close().catch(() => {});
    } finally {
      session.close();
    }
  }

  /** Bytes until the file is full. */
  #room(): number {
    const { rotateBytes } = this.#spec;
    if (rotateBytes === undefined) return Number.MAX_SAFE_INTEGER;
    return Math.max(0, rotateBytes - TRAILER_ROOM - (this.#file?.bytes ?? 0)) || rotateBytes;
  }

  /** @returns false when nothing more can be written. */
  async #portion(session: CaptureSession, portion: Uint8Array): Promise<boolean> {
    if (this.#file !== undefined && this.#isFull(this.#file, portion.length)) await this.#finish(session);
    const problem = await this.#folder.refuses(portion.length + TRAILER_ROOM);
    if (problem !== undefined) {
      session.end({ reason: 'space', detail: problem });
      return false;
    }
    const file = this.#file ?? (await this.#begin(session));
    const failure = await this.#append(file, portion);
    if (failure === undefined) return true;
    session.end({ reason: 'space', detail: failure });
    return false;
  }

  #isFull({ bytes, opened }: OpenFile, more: number): boolean {
    const { rotateBytes, rotateSeconds } = this.#spec;
    const tooBig = rotateBytes !== undefined && bytes + more > rotateBytes - TRAILER_ROOM;
    const tooOld = rotateSeconds !== undefined && performance.now() - opened >= rotateSeconds * 1000;
    return tooBig || tooOld;
  }

  async #begin(session: CaptureSession): Promise<OpenFile> {
    const name = this.#nextName();
    const handle = await this.#folder.create(name);
    const file = { name, handle, opened: performance.now(), bytes: 0 };
    this.#file = file;
    const failure = await this.#append(file, session.header());
    if (failure !== undefined) throw new Error(failure);
    return file;
  }

  /** `edge.pcapng`, or `edge.00001.pcapng` where there can be several. */
  #nextName(): string {
    const { name, rotateBytes, rotateSeconds } = this.#spec;
    if (rotateBytes === undefined && rotateSeconds === undefined) return name;
    const stem = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
    return `${stem}.${String(++this.#number).padStart(5, '0')}${SUFFIX}`;
  }

  /** @returns why it could not be written; then the file is as long as before, so that it stays readable. */
  async #append(file: OpenFile, bytes: Uint8Array): Promise<string | undefined> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, file.bytes + done);
        done += bytesWritten;
      }
      file.bytes += bytes.length;
      this.#folder.account(bytes.length);
      return undefined;
    } catch (error) {
      await file.handle.truncate(file.bytes).catch(() => {});
      return `${file.name} could not be written: ${messageOf(error)}`;
    }
  }

  async #finish(session: CaptureSession): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    await this.#append(file, session.trailer());
    await file.handle.close();
    this.#kept.push({ name: file.name, bytes: file.bytes });
    const most = (this.#spec.files ?? DEFAULT_FILES) - (session.ending === undefined ? 1 : 0);
    while (this.#kept.length > Math.max(most, 0)) {
      const oldest = this.#kept.shift();
      if (oldest !== undefined) await this.#folder.remove(oldest.name, oldest.bytes);
    }
  }
}
