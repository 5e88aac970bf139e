// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import { parseKeys } from './keys.ts';
import type { Terminal, TerminalHandlers } from './terminal.ts';

/** Milliseconds before a reading that failed is tried again: the agent may be restarting. */
const RETRY_MS = 1000;

/**
 * Show one reading after the other until the operator leaves with `q`. The agent looks for a while before it answers: that is
 * the interval.
 *
 * @throws {WeirError} when the very first reading fails.
 */
export async function runFlowsView<T>(
  source: () => Promise<T>,
  frame: (report: T) => readonly string[],
  open: (handlers: TerminalHandlers) => Terminal,
): Promise<void> {
  let report = await source();
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let left = false;
  let leave = () => {};
  const end = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const press = (key: string) => {
    if (key === 'q' || key === 'interrupt') leave();
    if (key === 'suspend') terminal.suspend();
  };
  const terminal = open({
    input: (text) => parseKeys(text).forEach(press),
    redraw: () => draw(),
    terminate: () => leave(),
  });
  const draw = () => terminal.draw(fitted(frame(report), problem, terminal.size.height));
  const next = async () => {
    try {
      report = await source();
      problem = undefined;
    } catch (error) {
      problem = messageOf(error);
    }
    if (left) return;
    draw();
    timer = setTimeout(() => void next(), problem === undefined ? 0 : RETRY_MS);
  };
  terminal.open();
  draw();
  void next();
  try {
    await end;
  } finally {
    left = true;
    clearTimeout(timer);
    terminal.close();
  }
}

/** As many lines as the screen has; the last one says how to leave, or what went wrong. */
function fitted(lines: readonly string[], problem: string | undefined, height: number): readonly string[] {
  const list = lines.slice(0, height - 1);
  const blank = Array.from({ length: Math.max(height - 1 - list.length, 0) }, () => '');
  return [...list, ...blank, problem ?? 'q quit'];
}
