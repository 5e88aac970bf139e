// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Terminal, type TerminalInput, type TerminalOutput } from './terminal.ts';

let folder: string;
let fd: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-terminal-'));
  fd = openSync(join(folder, 'out'), 'a');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

/** A terminal over a file: what is written at once goes there, frames are kept one by one. */
function fixture() {
  const frames: string[] = [];
  const raw: boolean[] = [];
  const typed: string[] = [];
  const ended: string[] = [];
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (mode: boolean) => raw.push(mode),
    setEncoding: () => input,
    pause: () => input,
  });
  const output = Object.assign(new EventEmitter(), {
    fd,
    columns: 90,
    rows: 30,
    write: (text: string) => frames.push(text),
  });
  const terminal = new Terminal(input as unknown as TerminalInput, output as unknown as TerminalOutput, {
    input: (text) => typed.push(text),
    redraw: () => ended.push('redraw'),
    terminate: () => ended.push('end'),
  });
  return { terminal, frames, raw, typed, ended, input, output };
}

const written = () => readFileSync(join(folder, 'out'), 'utf8');

test('draws each frame in one write, over the old one', () => {
  const { terminal, frames } = fixture();
  terminal.open();
  terminal.draw(['a', 'b']);
  terminal.draw(['c']);
  terminal.close();
  expect(frames).toEqual(['\u001b[Ha\u001b[K\r\nb\u001b[K', '\u001b[Hc\u001b[K']);
});

test('takes the terminal and gives it back once, and listens to nothing afterwards', () => {
  const before = process.listenerCount('SIGTERM');
  const { terminal, raw, input, output, typed, ended } = fixture();
  terminal.open();
  input.emit('data', 'q');
  output.emit('resize');
  process.emit('SIGTERM', 'SIGTERM');
  expect({ typed, ended, size: terminal.size }).toEqual({
    typed: ['q'],
    ended: ['redraw', 'end'],
    size: { width: 90, height: 30 },
  });
  terminal.close();
  terminal.close();
  expect(written()).toBe('\u001b[?1049h\u001b[?25l\u001b[?25h\u001b[?1049l');
  expect(raw).toEqual([true, false]);
  expect(process.listenerCount('SIGTERM')).toBe(before);
  expect(input.listenerCount('data') + output.listenerCount('resize')).toBe(0);
});

test('draws nothing while the terminal is not its own', () => {
  const { terminal, frames } = fixture();
  terminal.draw(['a']);
  expect(frames).toEqual([]);
});

test('a process that ends in any way gives it back', () => {
  const { terminal } = fixture();
  terminal.open();
  process.emit('exit', 1);
  expect(written()).toMatch(/\?1049l$/);
  terminal.close();
});
