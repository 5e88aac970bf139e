// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { enableStats } from '../../kernel/bpf/programs.ts';

/** Milliseconds that runs are measured for whoever asked last. */
const HOLD_MS = 10_000;

/** Has the kernel count and time the runs of eBPF programs while somebody looks: that costs every run 20 to 30 ns. */
export class Measuring {
  #fd: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  get isOn(): boolean {
    return this.#fd !== undefined;
  }

  /** Measure for the next ten seconds. @throws {KernelError} before Linux 5.8. */
  hold(): void {
    this.#fd ??= enableStats();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), HOLD_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
