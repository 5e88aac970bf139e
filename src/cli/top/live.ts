// SPDX-License-Identifier: Apache-2.0

import type { LinkStatsReport } from '../../api/schemas/stats.ts';
import { messageOf } from '../../base/errors.ts';
import type { Paint } from '../output/style.ts';
import { renderFrame, settle } from './frame.ts';
import { parseKeys, pressKey } from './keys.ts';
import type { TopNode, TopState } from './state.ts';
import { withReport } from './state.ts';
import type { Terminal, TerminalHandlers } from './terminal.ts';

/** One reading of the agent. */
export interface TopSample {
  readonly report: LinkStatsReport;
  readonly node: TopNode;
}

/** Where the numbers come from. */
export type TopSource = () => Promise<TopSample>;

/** What a live view is made of. */
export interface LiveParts {
  readonly state: TopState;
  readonly source: TopSource;
  readonly paint: Paint;
  readonly terminal: (handlers: TerminalHandlers) => Terminal;
}

/**
 * Run the live view until the operator leaves it. A sample that fails is shown at the bottom of the screen and tried
 * again, so that a restart of the agent does not end the view.
 *
 * @throws {WeirError} when the very first sample fails.
 */
export async function runLive(parts: LiveParts): Promise<void> {
  const state = await sampled(parts.state, parts.source);
  await new LiveView(parts, state).run();
}

async function sampled(state: TopState, source: TopSource): Promise<TopState> {
  const { report, node } = await source();
  return withReport(state, report, node);
}

class LiveView {
  readonly #source: TopSource;
  readonly #paint: Paint;
  readonly #terminal: Terminal;
  #state: TopState;
  #timer: NodeJS.Timeout | undefined;
  #end: () => void = () => {};

  constructor(parts: LiveParts, state: TopState) {
    this.#source = parts.source;
    this.#paint = parts.paint;
    this.#state = state;
    this.#terminal = parts.terminal({
      input: (text) => this.#press(text),
      redraw: () => this.#draw(),
      terminate: () => this.#end(),
    });
  }

  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.#terminal.open();
    try {
      this.#draw();
      this.#schedule();
      await ended;
    } finally {
      clearTimeout(this.#timer);
      this.#terminal.close();
    }
  }

  #press(text: string): void {
    const before = this.#state;
    for (const key of parseKeys(text)) {
      if (key === 'suspend') this.#terminal.suspend();
      else this.#state = settle(pressKey(this.#state, key), this.#terminal.size);
    }
    if (this.#state.intervalSeconds !== before.intervalSeconds) this.#schedule();
    if (this.#state.quit) this.#end();
    else this.#draw();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), this.#state.intervalSeconds * 1000);
  }

  async #tick(): Promise<void> {
    if (!this.#state.paused) await this.#sample();
    if (this.#state.quit) return;
    this.#draw();
    this.#schedule();
  }

  async #sample(): Promise<void> {
    try {
      const { report, node } = await this.#source();
      // Keys may have been pressed meanwhile: the sample goes into the state of now.
      this.#state = settle(withReport(this.#state, report, node), this.#terminal.size);
    } catch (error) {
      this.#state = { ...this.#state, problem: messageOf(error) };
    }
  }

  #draw(): void {
    this.#terminal.draw(renderFrame(this.#state, this.#terminal.size).map(this.#paint));
  }
}
