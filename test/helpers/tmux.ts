// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A terminal that a test types into and looks at. */
export interface TestTerminal extends AsyncDisposable {
  /** Send keys by tmux's names (`Enter`, `C-z`, `a`). */
  keys(...keys: readonly string[]): void;
  /** Type a line and press Enter. */
  line(text: string): void;
  /** Run a command on an empty screen: what {@link until} sees from now on comes after it was started. */
  start(command: string): Promise<void>;
  /** What is on the screen; with `colours` as escape sequences too. */
  screen(colours?: boolean): string;
  /** Wait until `found` holds for the screen. @throws with the screen after 20 s. */
  until(found: RegExp | ((screen: string) => boolean)): Promise<string>;
  resize(width: number, height: number): void;
  /** A property by tmux's format: `#{alternate_on}`. */
  ask(format: string): string;
}

/** A shell in a terminal of its own, on a tmux server of its own that no configuration file reaches. */
export async function testTerminal(width: number, height: number): Promise<TestTerminal> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tmux-'));
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-u', '-S', join(folder, 'socket'), '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
    });
  tmux(
    'new-session',
    '-d',
    '-x',
    String(width),
    '-y',
    String(height),
    "env PS1='$ ' bash --norc --noprofile",
  );
  const end = () => {
    tmux('kill-server');
    rmSync(folder, { recursive: true, force: true });
  };
  const screen = (colours = false) => tmux('capture-pane', '-p', ...(colours ? ['-e', '-N'] : []));
  let started = 0;
  const terminal: TestTerminal = {
    keys: (...keys) => void tmux('send-keys', ...keys),
    line(text) {
      tmux('send-keys', '-l', text);
      tmux('send-keys', 'Enter');
    },
    async start(command) {
      // the shell puts the number together, so that the typed line itself does not show it
      terminal.line(`clear; echo "start-"${++started}; ${command}`);
      await terminal.until(new RegExp(`^start-${started}$`, 'm'));
    },
    screen,
    async until(found) {
      const holds = found instanceof RegExp ? (text: string) => found.test(text) : found;
      for (let attempt = 0; attempt < 200; attempt++) {
        const now = screen();
        if (holds(now)) return now;
        await delay(100);
      }
      throw new Error(`not on the screen: ${String(found)}\n${screen()}`);
    },
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    ask: (format) => tmux('display-message', '-p', format).trim(),
    [Symbol.asyncDispose]: async () => end(),
  };
  try {
    await terminal.until(/^\$/m);
    return terminal;
  } catch (error) {
    end();
    throw error;
  }
}
