// SPDX-License-Identifier: Apache-2.0
// Fault drills: power cuts in the middle of changes, and other faults, on a guest with a disk of its own. The guest is plain
// QEMU with Debian's kernel and this checkout; neither systemd nor Vagrant is in it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
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
/** Where the power is cut, in turn: in a change, in its first journal writes, before and while it is confirmed. */
const CUTS = [
  ['network', 'apply'],
  ['policy', 'apply'],
  ['network', 'journal'],
  ['policy', 'unconfirmed'],
  ['network', 'confirm'],
  ['policy', 'journal'],
  ['network', 'unconfirmed'],
  ['policy', 'confirm'],
] as const;

type Subject = 'network' | 'policy';
type Mode = 'apply' | 'journal' | 'unconfirmed' | 'confirm';
type Side = 'a' | 'b';
type Said = Readonly<Record<string, unknown>> & { readonly what: string };

/** What the node has to be at after a cut. */
interface Cut {
  readonly name: string;
  readonly subject: Subject;
  /** The sides of the subject that are right, by what the guest had said before the cut. */
  readonly allowed: readonly Side[];
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
    for (let i = 0; i < cuts; i++) {
      const [subject, mode] = CUTS[i % CUTS.length] ?? CUTS[0];
      await drill.cut(subject, mode);
    }
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
  #usual: Readonly<Record<Subject, number>> = { network: 5, policy: 5 };
  #sides: Readonly<Record<Subject, Side>> = { network: 'a', policy: 'a' };
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
    else this.#usual = learned['seconds'] as Record<Subject, number>;
    return learned !== undefined;
  }

  /** Verify what the last cut left, begin a change, cut the power. */
  async cut(subject: Subject, mode: Mode): Promise<void> {
    let at = '';
    await this.#boot(`cut ${subject} ${mode === 'journal' ? 'apply' : mode}`, async ({ cut, ended }) => {
      const waits = mode === 'apply' || mode === 'journal' ? 'begin' : 'unconfirmed';
      const found = await until(
        () => this.#has(waits),
        SECONDS,
        () => ended() || this.#has('failed'),
      );
      if (!found) return cut();
      const seconds = Math.random() * this.#within(subject, mode);
      await delay(seconds * 1000);
      await cut();
      at = `${seconds.toFixed(2)} s after ${waits}`;
    });
    this.#verify();
    if (at === '') this.#fail(`change ${this.#count}`, `the guest did not begin a change: ${this.#log()}`);
    const from = this.#sides[subject];
    const to = from === 'a' ? 'b' : 'a';
    const undone: readonly Side[] = mode === 'unconfirmed' ? [from] : [from, to];
    this.#count++;
    const name = `cut ${this.#count} (${subject}, ${mode}): ${at}`;
    this.#pending = { name, subject, allowed: this.#has('confirmed') ? [to] : undone };
  }

  /** Seconds after what the cut waits for: all of a change, its first journal writes, the wait, the confirmation. */
  #within(subject: Subject, mode: Mode): number {
    return { apply: this.#usual[subject] * 1.2, journal: 0.4, unconfirmed: 3, confirm: 1.5 }[mode];
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
    const before = this.#sides;
    const kernel = seen?.['kernel'] as Readonly<Record<Subject, Side>> | undefined;
    if (kernel !== undefined) this.#sides = kernel;
    if (cut === undefined) return;
    if (seen === undefined || kernel === undefined) {
      this.#fail(cut.name, `the node did not come back: ${this.#log()}`);
      return;
    }
    const other = cut.subject === 'network' ? 'policy' : 'network';
    const problems = [
      seen['reachable'] === true ? '' : 'not reachable',
      isDeepStrictEqual(seen['journal'], kernel) ? '' : 'journal and kernel disagree',
      cut.allowed.includes(kernel[cut.subject]) ? '' : `expected ${cut.allowed.join(' or ')}`,
      kernel[other] === before[other] ? '' : `the ${other} has changed`,
      seen['state'] === 'idle' ? '' : `state ${seen['state']}`,
    ].filter((one) => one !== '');
    if (problems.length === 0) this.#pass(`${cut.name}, back on ${kernel[cut.subject]}`);
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
