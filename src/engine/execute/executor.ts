// SPDX-License-Identifier: Apache-2.0
import { Encoder } from '../../codec/encoder.ts';
import { type NamespaceIo, NETLINK, type NetlinkTransport } from '../../kernel/ports.ts';
import { objectClass } from '../../kinds/classes.ts';
import type { Action } from '../../plan/plan.ts';
import { isPolicyClass } from '../policy/objects.ts';
import { Answers, AskFirst } from './answers.ts';
import { DeviceIndex } from './device-index.ts';
import { carryOut, type Hosts } from './effects.ts';
import { isDoneAnyway, type StepFailure, stepFailure } from './failure.ts';
import { GenericFamilies } from './generic-families.ts';
import { type InTwo, inTwo, opens } from './opening.ts';
import { type Portion, PortionSink } from './sink.ts';

/** Steps from which on they are sent many at a time: below that, none is sent after one that failed. */
const MANY = 1_000;
/** Messages of one portion: encoding one overlaps sending the one before. */
const PORTION = 2_048;
const ENCODER_BYTES = 256 << 10;

export interface ExecuteOptions {
  /** Steps done so far. */
  readonly progress?: (done: number) => void;
  /** Do the other steps also when one fails: for undoing. */
  readonly keepGoing?: boolean;
}

/** Carries out the steps of plans. */
export interface Executor {
  /**
   * Carry out `actions` in order.
   * @returns the steps that failed; empty when all were done. Unless `keepGoing`, few or none were tried after the first.
   */
  execute(actions: readonly Action[], options?: ExecuteOptions): Promise<readonly StepFailure[]>;
}

/** An executor on the kernel; `open` gives the I/O of a namespace. */
export function createExecutor(open: (netns: string) => Promise<NamespaceIo>, hosts: Hosts): Executor {
  return {
    async execute(actions, options = {}) {
      const run = new Run(actions, open, hosts, options);
      await run.all();
      return run.failures;
    },
  };
}

/** A namespace with what is known of it during one run. */
interface Site {
  readonly io: NamespaceIo;
  readonly route: NetlinkTransport;
  readonly answers: Answers;
  readonly sink: PortionSink;
  readonly families: GenericFamilies;
}

class Run {
  readonly failures: StepFailure[] = [];
  readonly #actions: readonly Action[];
  readonly #open: (netns: string) => Promise<NamespaceIo>;
  readonly #hosts: Hosts;
  readonly #options: ExecuteOptions;
  readonly #portion: number;
  readonly #sites = new Map<string, Site>();
  readonly #encoders: Encoder[] = [];
  /** The portion that the kernel works on while the next one is encoded. */
  #sending: Promise<void> = Promise.resolve();

  constructor(
    actions: readonly Action[],
    open: (netns: string) => Promise<NamespaceIo>,
    hosts: Hosts,
    options: ExecuteOptions,
  ) {
    this.#actions = actions;
    this.#open = open;
    this.#hosts = hosts;
    this.#options = options;
    this.#portion = actions.length < MANY ? 1 : PORTION;
  }

  async all(): Promise<void> {
    let last: Site | undefined;
    for (let step = 0; step < this.#actions.length && !this.#stopped(); step++) {
      const action = this.#actions[step] as Action;
      const site = this.#sites.get(action.netns) ?? (await this.#enter(step, action));
      if (site === undefined) continue;
      if (last !== undefined && last !== site) await this.#drain(last);
      last = site;
      if (!isPolicyClass(action.class)) await this.#commit(step - 1, site);
      const end = this.#guardedFrom(step);
      if (end === step) await this.#step(step, action, site);
      else {
        await this.#openGuarded(step, end, site);
        step = end - 1;
      }
    }
    if (last !== undefined && !this.#stopped()) await this.#drain(last);
    if (last !== undefined) await this.#commit(this.#actions.length - 1, last);
    await this.#sending;
    if (this.#stopped()) this.#hosts.policies.discard();
    for (const { answers } of this.#sites.values()) answers.close();
  }

  /** The steps of network policy up to `step` take effect together. */
  async #commit(step: number, site: Site): Promise<void> {
    const { policies } = this.#hosts;
    if (!isPolicyClass(this.#actions[step]?.class ?? '')) return;
    await this.#drain(site);
    if (this.#stopped()) return;
    try {
      if (policies.hasStaged) await policies.commit();
    } catch (error) {
      this.#failed(step, error);
    }
  }

  #stopped(): boolean {
    return this.failures.length > 0 && this.#options.keepGoing !== true;
  }

  async #enter(step: number, { netns }: Action): Promise<Site | undefined> {
    try {
      const io = await this.#open(netns);
      const route = await io.netlink(NETLINK.ROUTE);
      const answers = new Answers(new DeviceIndex(route), this.#open, this.#hosts.programs);
      const sink = new PortionSink(answers, () => this.#takeEncoder());
      const site = { io, route, answers, sink, families: new GenericFamilies() };
      this.#sites.set(netns, site);
      return site;
    } catch (error) {
      this.#failed(step, error);
      return undefined;
    }
  }

  /** End of the steps from this one on that set up devices with network policy; the step itself where it is none. */
  #guardedFrom(first: number): number {
    const { policies } = this.#hosts;
    const netns = this.#actions[first]?.netns ?? '';
    const isGuarded = (action: Action | undefined) =>
      action?.netns === netns && opens(action) && policies.covers(netns, action.key);
    let end = first;
    while (isGuarded(this.#actions[end])) end++;
    return end;
  }

  /** No packet passes a device before its policy is on it: they are made, and opened when it is on all of them. */
  async #openGuarded(first: number, end: number, site: Site): Promise<void> {
    const halves = this.#actions.slice(first, end).map(inTwo);
    const each = async (half: (one: InTwo) => Action | undefined) => {
      for (const [i, one] of halves.entries()) {
        const action = half(one);
        if (action !== undefined && !this.#stopped()) await this.#step(first + i, action, site);
      }
      await this.#drain(site);
    };
    await each(({ making }) => making);
    if (this.#stopped()) return;
    try {
      const names = halves.map(({ opening }) => opening.key);
      await this.#hosts.policies.protect(this.#actions[first]?.netns ?? '', names);
    } catch (error) {
      for (let step = first; step < end; step++) this.#failed(step, error);
      return;
    }
    // a device that could not be made has failed already
    const failed = new Set(this.failures.map(({ action }) => action.id));
    await each(({ opening }) => (failed.has(opening.id) ? undefined : opening));
  }

  async #step(step: number, action: Action, site: Site): Promise<void> {
    const { sink } = site;
    sink.begin(step);
    try {
      await this.#write(action, site);
    } catch (error) {
      await this.#drain(site);
      this.#failed(step, error);
    }
    if (action.class === 'link' && action.op === 'remove') this.#forgetIndexes();
    if (sink.waiting >= this.#portion) sink.cut();
    for (const portion of sink.ready()) await this.#send(site, portion);
    if (this.#portion === 1) await this.#sending;
  }

  /** Have the class write its messages, asking for what it needs to know. */
  async #write({ class: name, op, before, after }: Action, site: Site): Promise<void> {
    const change = { op, ...(before && { before }), ...(after && { after }) };
    for (;;) {
      try {
        objectClass(name).write(change, site.sink);
        return;
      } catch (error) {
        if (!(error instanceof AskFirst)) throw error;
        await this.#drain(site);
        await site.answers.find(error.question);
      }
    }
  }

  /** Indexes may be wrong from now on, in other namespaces too: a cable goes with both its ends. */
  #forgetIndexes(): void {
    for (const { answers } of this.#sites.values()) answers.forgetDevices();
  }

  async #drain({ sink, ...site }: Site): Promise<void> {
    sink.cut();
    for (const portion of sink.ready()) await this.#send({ sink, ...site }, portion);
    await this.#sending;
  }

  /** Start to send a portion when the one before is done. */
  async #send(site: Site, portion: Portion): Promise<void> {
    await this.#sending;
    if (this.#stopped()) return;
    this.#sending = this.#transmit(site, portion);
    if (portion.then !== undefined) await this.#sending;
  }

  /** Never rejects: what goes wrong is a failure of a step. */
  async #transmit(site: Site, { encoder, batch, steps, then }: Portion): Promise<void> {
    try {
      if (batch.count > 0)
        for (const { index, error } of await site.route.submit(batch))
          this.#failed(steps[index] as number, error);
    } catch (error) {
      this.#failed(steps[0] as number, error);
    }
    encoder.reset();
    this.#encoders.push(encoder);
    const last = then?.step ?? steps.at(-1);
    if (then !== undefined && !this.#stopped())
      try {
        await carryOut(then.effect, site.io, site.families, this.#hosts);
      } catch (error) {
        this.#failed(then.step, error);
      }
    if (last !== undefined) this.#options.progress?.(last + 1);
  }

  #failed(step: number, error: unknown): void {
    const action = this.#actions[step] as Action;
    if (!isDoneAnyway(action, error)) this.failures.push(stepFailure(action, error));
  }

  #takeEncoder(): Encoder {
    return this.#encoders.pop() ?? new Encoder(this.#portion === 1 ? 4096 : ENCODER_BYTES);
  }
}
