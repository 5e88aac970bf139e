// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import process from 'node:process';

// Alternate screen and hidden cursor; the way back in reverse.
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_TO_END_OF_LINE = '\u001b[K';

/** Standard input of a process. */
export type TerminalInput = typeof process.stdin;
/** Standard output of a process. */
export type TerminalOutput = typeof process.stdout;

/** What a terminal reports. */
export interface TerminalHandlers {
  readonly input: (text: string) => void;
  /** The size changed, or the screen was lost (after a suspension): draw anew. */
  readonly redraw: () => void;
  /** SIGTERM, SIGHUP or SIGINT: leave. */
  readonly terminate: () => void;
}

/**
 * A terminal taken over for a full-screen view. However the process ends, by itself, by a signal that can be caught or
 * by an exception, the screen, the cursor and the line discipline are put back.
 */
export class Terminal {
  readonly #input: TerminalInput;
  readonly #output: TerminalOutput;
  readonly #handlers: TerminalHandlers;
  #active = false;

  constructor(input: TerminalInput, output: TerminalOutput, handlers: TerminalHandlers) {
    this.#input = input;
    this.#output = output;
    this.#handlers = handlers;
  }

  /** Take the terminal. */
  open(): void {
    this.#enter();
    this.#input.setEncoding('utf8').on('data', this.#onData);
    this.#output.on('resize', this.#handlers.redraw);
    for (const signal of END_SIGNALS) process.on(signal, this.#handlers.terminate);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.#resume);
    process.on('exit', this.#leave);
  }

  /** Give it back. */
  close(): void {
    this.#leave();
    this.#input.off('data', this.#onData).pause();
    this.#output.off('resize', this.#handlers.redraw);
    for (const signal of END_SIGNALS) process.off(signal, this.#handlers.terminate);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.#resume);
    process.off('exit', this.#leave);
  }

  /** Draw a frame in one write, over the old one: nothing is cleared first, so nothing blinks. */
  draw(lines: readonly string[]): void {
    if (this.#active)
      this.#output.write(HOME + lines.map((line) => line + CLEAR_TO_END_OF_LINE).join('\r\n'));
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#output.columns || 80, height: this.#output.rows || 24 };
  }

  /** Give the terminal back and stop, as ^Z does; SIGCONT takes it again. */
  readonly suspend = (): void => {
    this.#leave();
    process.kill(process.pid, 'SIGSTOP');
  };

  readonly #resume = (): void => {
    this.#enter();
    this.#handlers.redraw();
  };

  #enter(): void {
    if (this.#active) return;
    this.#active = true;
    this.#input.setRawMode(true);
    writeSync(this.#output.fd, ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#active) return;
    this.#active = false;
    // The terminal may be gone (SIGHUP): then there is nothing to put back.
    try {
      this.#input.setRawMode(false);
      writeSync(this.#output.fd, LEAVE);
    } catch {}
  };

  readonly #onData = (chunk: string | Buffer): void => this.#handlers.input(String(chunk));
}

const END_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
