// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { WeirError } from '../base/errors.ts';
import type { CaptureReport } from '../model/capture.ts';
import type { Ending } from './ending.ts';
import type { FileSink } from './file-sink.ts';
import type { CaptureSession } from './session.ts';

/** Captures that have ended and are still told of. */
const REMEMBERED = 50;

/** A capture of the list. */
export interface Capture {
  readonly id: string;
  readonly session: CaptureSession;
  report(): CaptureReport;
}

export interface CapturesOptions {
  /** Captures at a time. */
  readonly most: number;
  readonly log: (report: CaptureReport, event: 'started' | 'ended') => void;
}

interface Entry extends Capture {
  told: boolean;
}

/** All captures of the agent: those that run, and the last that ended. */
export class Captures {
  readonly #options: CapturesOptions;
  readonly #entries = new Map<string, Entry>();
  /** Being opened. */
  #opening = 0;

  constructor(options: CapturesOptions) {
    this.#options = options;
  }

  /** @throws {WeirError} `TOO_MANY`, or what `open` throws. */
  async start(
    by: string,
    open: () => Promise<{ readonly session: CaptureSession; readonly sink?: FileSink }>,
  ): Promise<Capture> {
    this.#tell();
    const { most: limit } = this.#options;
    const running = [...this.#entries.values()].filter(({ session }) => session.state !== 'ended');
    if (running.length + this.#opening >= limit) throw new WeirError('TOO_MANY', { what: 'captures', limit });
    this.#opening++;
    try {
      const { session, sink } = await open();
      return this.#add(by, session, sink);
    } finally {
      this.#opening--;
    }
  }

  #add(by: string, session: CaptureSession, sink: FileSink | undefined): Capture {
    const id = randomBytes(4).toString('hex');
    const report = (): CaptureReport => ({ id, by, ...session.report(), files: [...(sink?.files() ?? [])] });
    const entry: Entry = { id, session, report, told: false };
    this.#entries.set(id, entry);
    this.#options.log(report(), 'started');
    return entry;
  }

  list(): readonly CaptureReport[] {
    this.#tell();
    return [...this.#entries.values()].map((entry) => entry.report());
  }

  /** @throws {WeirError} `NOT_FOUND`. */
  get(id: string): Capture {
    const found = this.#entries.get(id);
    if (found === undefined) throw new WeirError('NOT_FOUND', { what: 'capture', name: id, hint: '' });
    return found;
  }

  /** Log what has ended since the last time, and forget the oldest of those. */
  tell(): void {
    this.#tell();
  }

  #tell(): void {
    const ended = [...this.#entries.values()].filter(({ session }) => session.state === 'ended');
    for (const entry of ended) {
      if (!entry.told) this.#options.log(entry.report(), 'ended');
      entry.told = true;
    }
    for (const { id } of ended.slice(0, -REMEMBERED)) this.#entries.delete(id);
  }

  /** End all of them. */
  endAll(ending: Ending): void {
    for (const { session } of this.#entries.values()) session.end(ending);
  }
}
