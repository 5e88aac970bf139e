// SPDX-License-Identifier: Apache-2.0
// Fault drills: power cuts in the middle of changes, and other faults, on a guest with a disk of its own. The guest is plain
// QEMU with Debian's kernel and this checkout; neither systemd nor Vagrant is in it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { secondsLeft } from './budget.ts';
import { type GuestJob, runGuest } from './guest.ts';
import { type GuestKernel, guestKernel } from './kernels.ts';
import { cacheFolder, ROOT } from './paths.ts';
import { InfrastructureError, run, until } from './process.ts';
import type { TestResult } from './vitest-report.ts';

const MAIN = join(ROOT, 'test/vm/drill/main.ts');
const DISK_MEGABYTES = 96;
const BOOTS = 3;
const SECONDS = 600;
/** Where the power is cut, in turn. */
const MODES = ['apply', 'journal', 'unconfirmed', 'apply', 'confirm'] as const;

type Mode = (typeof MODES)[number];
type Said = Readonly<Record<string, unknown>> & { readonly what: string };

/** What the node has to be at after a cut. */
interface Cut {
  readonly name: string;
  /** The sides that are right, by what the guest had said before the cut. */
  readonly allowed: readonly string[];
}

export interface DrillRun {
  readonly results: readonly TestResult[];
  readonly faults: readonly string[];
}

/** Run `cuts` power cuts and the other faults on the kernel of `suite`. */
export async function runDrills(suite: string, cuts: number): Promise<DrillRun> {
  const drill = new Drill(guestKernel(suite));
  try {
    if (!(await drill.first())) return { results: drill.results, faults: drill.faults };
    for (let i = 0; i < cuts; i++) await drill.cut(MODES[i % MODES.length] ?? 'apply');
    await drill.last();
    await drill.others();
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
  }
  return { results: drill.results, faults: drill.faults };
}

class Drill {
  readonly results: TestResult[] = [];
  readonly faults: string[] = [];
  readonly #kernel: GuestKernel;
  readonly #disk = join(cacheFolder('runs'), 'drill.disk');
  readonly #folder = cacheFolder('runs', 'drill');
  /** Seconds of a change that nothing disturbs. */
  #usual = 5;
  #side = 'a';
  #pending: Cut | undefined;
  #count = 0;

  constructor(kernel: GuestKernel) {
    this.#kernel = kernel;
  }

  /** Learn both states. @returns whether there is anything to drill. */
  async first(): Promise<boolean> {
    rmSync(this.#disk, { force: true });
    run('truncate', ['-s', `${DISK_MEGABYTES}M`, this.#disk]);
    run('mke2fs', ['-q', '-t', 'ext4', this.#disk], {
      env: { ...process.env, PATH: `${process.env['PATH']}:/sbin` },
    });
    await this.#boot('first');
    const learned = this.#said().find(({ what }) => what === 'learned');
    if (learned === undefined) this.#fail('the agent starts and changes the node', this.#log());
    else this.#usual = Number(learned['seconds']);
    return learned !== undefined;
  }

  /** Verify what the last cut left, begin a change, cut the power. */
  async cut(mode: Mode): Promise<void> {
    let at = '';
    await this.#boot(`cut ${mode === 'journal' ? 'apply' : mode}`, async ({ cut, ended }) => {
      const waits = mode === 'apply' || mode === 'journal' ? 'begin' : 'unconfirmed';
      const found = await until(
        () => this.#has(waits),
        SECONDS,
        () => ended() || this.#has('failed'),
      );
      if (!found) return cut();
      const seconds = Math.random() * this.#within(mode);
      await delay(seconds * 1000);
      await cut();
      at = `${seconds.toFixed(2)} s after ${waits}`;
    });
    this.#verify();
    if (at === '') this.#fail(`change ${this.#count}`, `the guest did not begin a change: ${this.#log()}`);
    const to = this.#side === 'a' ? 'b' : 'a';
    const confirmed = this.#has('confirmed');
    const allowed = confirmed ? [to] : mode === 'unconfirmed' ? [this.#side] : ['a', 'b'];
    this.#count++;
    this.#pending = { name: `cut ${this.#count} (${mode}): ${at}`, allowed };
  }

  /** Seconds after what the cut waits for: all of a change, its first journal writes, the wait, the confirmation. */
  #within(mode: Mode): number {
    return { apply: this.#usual * 1.2, journal: 0.4, unconfirmed: 3, confirm: 1.5 }[mode];
  }

  async last(): Promise<void> {
    await this.#boot('last');
    this.#verify();
  }

  /** Full disk, clock, BTF. */
  async others(): Promise<void> {
    await this.#boot('faults');
    const said = this.#said().filter(({ what }) => what === 'fault');
    for (const { name, problem } of said)
      if (problem === undefined) this.#pass(String(name));
      else this.#fail(String(name), String(problem));
    if (said.length === 0) this.#fail('faults', this.#log());
  }

  async #boot(what: string, beside?: GuestJob['beside']): Promise<void> {
    const script = `export NODE_COMPILE_CACHE=/tmp/compiled
node_modules/.bin/node ${MAIN} ${what} || { echo '{"what":"failed"}' >> /results/said; exit 1; }`;
    const job = { kernel: this.#kernel, script, results: this.#folder, seconds: SECONDS, disk: this.#disk };
    for (let attempt = 1; ; attempt++)
      try {
        if (secondsLeft() < SECONDS) throw new InfrastructureError('no time left');
        await runGuest({ ...job, ...(beside && { beside }) });
        return;
      } catch (error) {
        if (!(error instanceof InfrastructureError)) throw error;
        this.faults.push(error.message);
        if (attempt === BOOTS) throw error;
      }
  }

  /** The node after the last cut: reachable, on an allowed side, and its journal says the same as its kernel. */
  #verify(): void {
    const seen = this.#said().find(({ what }) => what === 'verified');
    const cut = this.#pending;
    this.#pending = undefined;
    if (seen !== undefined) this.#side = String(seen['kernel']);
    if (cut === undefined) return;
    if (seen === undefined) {
      this.#fail(cut.name, `the node did not come back: ${this.#log()}`);
      return;
    }
    const problems = [
      seen['reachable'] === true ? '' : 'not reachable',
      seen['journal'] === seen['kernel'] ? '' : 'journal and kernel disagree',
      cut.allowed.includes(this.#side) ? '' : `expected ${cut.allowed.join(' or ')}`,
      seen['state'] === 'idle' ? '' : `state ${seen['state']}`,
    ].filter((one) => one !== '');
    if (problems.length === 0) this.#pass(cut.name);
    else this.#fail(cut.name, `${problems.join(', ')}: ${JSON.stringify(seen)}`);
  }

  #has(what: string): boolean {
    return this.#said().some((one) => one.what === what);
  }

  #said(): readonly Said[] {
    const file = join(this.#folder, 'said');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n');
    // the last line may be in the middle of being written
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Said);
  }

  #log(): string {
    const read = (name: string) => {
      const file = join(this.#folder, name);
      return existsSync(file) ? readFileSync(file, 'utf8').slice(-1500) : '';
    };
    return `${read('log')}${read('agent.log')}`;
  }

  #pass(title: string): void {
    console.log(`ok   ${title}`);
    this.results.push({ file: 'test/vm/drill', titles: [title], outcome: 'passed' });
  }

  #fail(title: string, why: string): void {
    console.log(`FAIL ${title}`);
    this.results.push({ file: 'test/vm/drill', titles: [title], outcome: 'failed', why });
  }
}
