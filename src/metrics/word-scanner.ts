// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
const NINE = 0x39;

/** Reads the words of a procfs file line by line, on bytes. Words are separated by blanks and tabs. */
export class WordScanner {
  private readonly bytes: Uint8Array;
  private readonly path: string;
  private lineEnd = -1;
  private at = 0;
  private wordStart = 0;
  private wordEnd = 0;

  /** @param path Named in errors. */
  constructor(bytes: Uint8Array, path: string) {
    this.bytes = bytes;
    this.path = path;
  }

  /** Go to the next line that is not empty. */
  nextLine(): boolean {
    this.at = this.lineEnd + 1;
    while (this.at < this.bytes.length && this.bytes[this.at] === NEWLINE) this.at++;
    if (this.at >= this.bytes.length) return false;
    const end = this.bytes.indexOf(NEWLINE, this.at);
    this.lineEnd = end < 0 ? this.bytes.length : end;
    return true;
  }

  /** Go to the next word of the line. */
  nextWord(): boolean {
    let { at } = this;
    while (at < this.lineEnd && isBlank(this.bytes[at] as number)) at++;
    if (at >= this.lineEnd) {
      this.at = this.wordStart = this.wordEnd = at;
      return false;
    }
    this.wordStart = at;
    while (at < this.lineEnd && !isBlank(this.bytes[at] as number)) at++;
    this.wordEnd = this.at = at;
    return true;
  }

  /** Skip `count` words. False when the line has fewer. */
  skip(count: number): boolean {
    for (let i = 0; i < count; i++) if (!this.nextWord()) return false;
    return true;
  }

  /** The current word as ASCII text. */
  text(): string {
    let text = '';
    for (let i = this.wordStart; i < this.wordEnd; i++) text += String.fromCharCode(this.bytes[i] as number);
    return text;
  }

  /** All words that are left in the line. */
  rest(): readonly string[] {
    const words: string[] = [];
    while (this.nextWord()) words.push(this.text());
    return words;
  }

  /** The next word as a decimal integer, rounded beyond 2^53. @throws {WeirError} `DECODE` when it is none. */
  number(): number {
    if (!this.nextWord()) throw this.malformed('a number is missing');
    return this.decimal(this.wordStart, this.wordEnd);
  }

  /** The next word as a hexadecimal integer without prefix. @throws {WeirError} `DECODE`. */
  hex(): number {
    if (!this.nextWord()) throw this.malformed('a number is missing');
    return this.hexBetween(this.wordStart, this.wordEnd);
  }

  /** The next word as `hex:hex`. @throws {WeirError} `DECODE`. */
  hexPair(): readonly [number, number] {
    if (!this.nextWord()) throw this.malformed('a pair is missing');
    const colon = this.bytes.indexOf(0x3a, this.wordStart);
    if (colon < 0 || colon >= this.wordEnd) throw this.malformed(`"${this.text()}" is no pair`);
    return [this.hexBetween(this.wordStart, colon), this.hexBetween(colon + 1, this.wordEnd)];
  }

  /** Value behind `key` in a word such as `total=123`, or undefined. @throws {WeirError} `DECODE`. */
  numberAfter(key: string): number | undefined {
    const start = this.wordStart + key.length;
    if (start >= this.wordEnd) return undefined;
    for (let i = 0; i < key.length; i++)
      if (this.bytes[this.wordStart + i] !== key.charCodeAt(i)) return undefined;
    return this.decimal(start, this.wordEnd);
  }

  private decimal(start: number, end: number): number {
    const negative = this.bytes[start] === 0x2d;
    const first = negative ? start + 1 : start;
    let value = 0;
    for (let i = first; i < end; i++) {
      const c = this.bytes[i] as number;
      if (c < ZERO || c > NINE) throw this.malformed(`"${this.text()}" is no number`);
      value = value * 10 + (c - ZERO);
    }
    if (first === end) throw this.malformed('a number is missing');
    return negative ? -value : value;
  }

  private hexBetween(start: number, end: number): number {
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = hexDigit(this.bytes[i] as number);
      if (digit < 0) throw this.malformed(`"${this.text()}" is no hexadecimal number`);
      value = value * 16 + digit;
    }
    if (start === end) throw this.malformed('a number is missing');
    return value;
  }

  private malformed(problem: string): WeirError {
    return new WeirError('DECODE', { path: this.path, problem, offset: this.wordStart });
  }
}

function isBlank(c: number): boolean {
  return c === SPACE || c === TAB;
}

function hexDigit(c: number): number {
  if (c >= ZERO && c <= NINE) return c - ZERO;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
