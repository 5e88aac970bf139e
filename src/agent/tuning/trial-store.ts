// SPDX-License-Identifier: Apache-2.0
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TrialList, type TrialReport } from '../../api/schemas/advice.ts';
import { messageOf } from '../../base/errors.ts';
import { validated } from '../../base/validate.ts';

/** Reports that are kept. */
const MOST = 50;
/** How a trial ends; whatever else stands in the file was cut short with the agent. */
const ENDED: readonly string[] = ['kept', 'rolled-back', 'stopped', 'failed', 'interrupted'];

/** Reports of trials, the newest first, in a file that outlives the agent. */
export class TrialStore {
  readonly #file: string;
  readonly #warn: (problem: string) => void;
  #reports: TrialReport[] | undefined;

  constructor(directory: string, warn: (problem: string) => void) {
    this.#file = join(directory, 'trials.json');
    this.#warn = warn;
  }

  get reports(): readonly TrialReport[] {
    this.#reports ??= this.#read();
    return this.#reports;
  }

  /** Number of the next trial. */
  get next(): number {
    return Math.max(0, ...this.reports.map(({ id }) => id)) + 1;
  }

  /** Keep a report in place of the one of the same number. @param lasting Also on disk. */
  put(report: TrialReport, lasting: boolean): void {
    const others = this.reports.filter(({ id }) => id !== report.id);
    this.#reports = [report, ...others].sort((a, b) => b.id - a.id).slice(0, MOST);
    if (!lasting) return;
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify({ items: this.#reports }), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#warn(`reports of trials are not kept: ${messageOf(error)}`);
    }
  }

  #read(): TrialReport[] {
    try {
      const { items } = validated(TrialList, JSON.parse(readFileSync(this.#file, 'utf8')), 'trials.json');
      return items.map((one) => (ENDED.includes(one.state) ? one : interrupted(one)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#warn(`reports of earlier trials cannot be read: ${messageOf(error)}`);
      return [];
    }
  }
}

function interrupted(report: TrialReport): TrialReport {
  const reason = 'the agent ended during the trial; what was not confirmed was undone when it came back';
  return { ...report, state: 'interrupted', reason, progress: 1 };
}
