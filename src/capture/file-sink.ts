// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';
import { isWeirError, messageOf, WeirError } from '../base/errors.ts';
import type { CaptureFile } from '../model/capture.ts';
import type { CaptureFolder } from './folder.ts';
import type { CaptureSession } from './session.ts';

const DEFAULT_FILES = 10;
const SUFFIX = '.pcapng';
/** What the end of a file needs, which no limit takes away. */
const TRAILER_ROOM = 16 << 10;
/** Bytes and milliseconds of one turn: between them it is looked at what makes the capture end. */
const TURN_BYTES = 16 << 20;
const TURN_MS = 250;

interface OpenFile {
  readonly name: string;
  readonly handle: FileHandle;
  /** When the next one begins, as `performance.now()` counts. */
  readonly until: number;
  bytes: number;
}

/** Writes a capture to one file, or to several of which the last ones are kept. */
export class FileSink {
  readonly #folder: CaptureFolder;
  readonly #spec: CaptureFile;
  readonly #kept: { readonly name: string; readonly bytes: number }[] = [];
  #file: OpenFile | undefined;
  #number = 0;
  /** Until when the next file is written, where the last one ended in time. */
  #until: number | undefined;

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
      for await (const bytes of session.turns()) if (!(await this.#turn(session, bytes))) break;
      await this.#finish(session);
    } catch (error) {
      const reason = isWeirError(error, 'CAPTURE_SPACE') ? 'space' : 'failed';
      session.end({ reason, detail: messageOf(error) });
      await this.#file?.handle.close().catch(() => {});
    } finally {
      session.close();
    }
  }

  /** @returns false when nothing more can be written. */
  async #turn(session: CaptureSession, bytes: Uint8Array | undefined): Promise<boolean> {
    if (this.#file !== undefined && performance.now() >= this.#file.until) await this.#finish(session, true);
    const problem = bytes === undefined ? await this.#fetch(session) : await this.#put(session, bytes);
    if (problem === undefined) return true;
    session.end({ reason: 'space', detail: problem });
    return false;
  }

  /** Bytes until the file is full. */
  #roomIn({ bytes }: OpenFile): number {
    return (this.#spec.rotateBytes ?? Number.POSITIVE_INFINITY) - TRAILER_ROOM - bytes;
  }

  /** What the devices have. @returns why nothing more can be written. */
  async #fetch(session: CaptureSession): Promise<string | undefined> {
    const file = this.#file ?? (await this.#begin(session));
    const inFile = this.#roomIn(file);
    const wanted = Math.min(inFile, TURN_BYTES);
    const reserved = await this.#folder.reserve(wanted + TRAILER_ROOM);
    const room = Math.max(0, reserved - TRAILER_ROOM);
    const { more, problem } = await this.#writeTo(file, session, room).finally(() =>
      this.#folder.release(reserved),
    );
    if (problem !== undefined) return unwritable(file, problem);
    if (!more || session.ending !== undefined) return undefined;
    if (room < wanted) return await this.#folder.refuses(session.largest + TRAILER_ROOM);
    if (room === inFile) await this.#finish(session);
    return undefined;
  }

  async #writeTo(file: OpenFile, session: CaptureSession, room: number): ReturnType<CaptureSession['write']> {
    const waitMs = Math.max(0, Math.min(TURN_MS, Math.ceil(file.until - performance.now())));
    const written = await session.write({ fd: file.handle.fd, at: file.bytes, room, waitMs });
    file.bytes += written.bytes;
    this.#folder.account(written.bytes);
    return written;
  }

  /** Blocks that are in memory. @returns why nothing more can be written. */
  async #put(session: CaptureSession, bytes: Uint8Array): Promise<string | undefined> {
    if (this.#file !== undefined && bytes.length > this.#roomIn(this.#file)) await this.#finish(session);
    const problem =
      (await this.#folder.refuses(bytes.length + TRAILER_ROOM)) ??
      (await this.#append(this.#file ?? (await this.#begin(session)), bytes));
    if (problem !== undefined) session.takeBack();
    return problem;
  }

  /** @throws {WeirError} `FILE`; `CAPTURE_SPACE` when its beginning cannot be written, and then there is no file. */
  async #begin(session: CaptureSession): Promise<OpenFile> {
    const name = this.#nextName();
    const handle = await this.#folder.create(name);
    const until =
      this.#until ?? performance.now() + (this.#spec.rotateSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    this.#until = undefined;
    const file = { name, handle, until, bytes: 0 };
    const problem = await this.#append(file, session.header());
    if (problem !== undefined) {
      await handle.close();
      await this.#folder.remove(name, file.bytes);
      throw new WeirError('CAPTURE_SPACE', { path: this.#folder.directory, problem });
    }
    this.#file = file;
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
      return unwritable(file, messageOf(error));
    }
  }

  /** @param isInTime The next one begins when this one should have ended, so that their times are equally long. */
  async #finish(session: CaptureSession, isInTime = false): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    if (isInTime) this.#until = nextAfter(file.until, (this.#spec.rotateSeconds ?? 0) * 1000);
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

function unwritable({ name }: OpenFile, problem: string): string {
  return `${name} could not be written: ${problem}`;
}

/** The first moment in the future that is whole periods after `moment`. */
function nextAfter(moment: number, period: number): number {
  return moment + (Math.floor((performance.now() - moment) / period) + 1) * period;
}
