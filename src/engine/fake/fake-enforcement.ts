// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { KernelError } from '../../base/kernel-error.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import type { Counts, Enforcement, Pinned, Place, PlaceHook } from '../policy/ports.ts';

type Hook = Omit<PlaceHook, 'attached'>;

/** What outlives an agent: devices, and what is pinned. */
export class FakePins {
  /** Devices that there are: `<inode of the namespace> <ifindex>`. */
  readonly devices = new Set<string>();
  /** Hooks that are pinned, by name, with whether their program is still there. */
  readonly hooks = new Map<string, Hook & { attached: boolean }>();
  epoch: number | undefined;
  stamp = 0;
}

const NOTHING = new Float64Array(0);
const NO_COUNTS: Counts = { packets: NOTHING, bytes: NOTHING, last: NOTHING };

const nameOf = ({ space, ifindex, hook }: Hook) => `${space} ${ifindex} ${hook}`;

/** Keeps what is in force and where, and judges nothing. */
export class FakeEnforcement implements Enforcement {
  readonly pins: FakePins;
  /** Called first by what changes something; what it throws happens instead. */
  before: (what: 'load' | 'update' | 'attach' | 'detach', place?: Place) => void = () => {};

  constructor(pins: FakePins = new FakePins()) {
    this.pins = pins;
  }

  async status(): Promise<Pinned> {
    const { epoch, stamp } = this.pins;
    return epoch === undefined
      ? { state: 'absent', epoch: 0 }
      : { state: 'whole', epoch, stamp: String(stamp) };
  }

  async load(): Promise<void> {
    this.before('load');
    if (this.pins.epoch !== undefined) return;
    this.pins.epoch = 0;
    this.pins.stamp++;
  }

  async update({ epoch }: CompiledPolicy, _places: readonly Place[], isWhole: boolean): Promise<void> {
    this.before('update');
    if (isWhole) this.pins.stamp++;
    this.pins.epoch = epoch;
  }

  async attach(place: Place): Promise<void> {
    this.before('attach', place);
    const at = { space: Number(place.io.netns.inode), ifindex: place.ifindex };
    if (!this.pins.devices.has(`${at.space} ${at.ifindex}`))
      throw new KernelError('attach', ERRNO.ENODEV, 'ENODEV');
    for (const hook of ['ingress', 'egress', ...(place.early ? ['xdp' as const] : [])] as const) {
      const one = { ...at, hook, attached: true };
      this.pins.hooks.set(nameOf(one), one);
    }
  }

  async detach(space: number, ifindex: number): Promise<void> {
    this.before('detach');
    for (const [name, hook] of this.pins.hooks)
      if (hook.space === space && hook.ifindex === ifindex) this.pins.hooks.delete(name);
  }

  attachments(): readonly PlaceHook[] {
    const { devices, hooks } = this.pins;
    return [...hooks.values()].map((hook) => ({
      ...hook,
      attached: hook.attached && devices.has(`${hook.space} ${hook.ifindex}`),
    }));
  }

  async look(): Promise<void> {}

  counters(): Counts {
    return NO_COUNTS;
  }

  drops(): Record<string, never> {
    return {};
  }

  flows() {
    return { established: 0, embryonic: 0 };
  }

  trace(): never {
    throw new RangeError('the fake judges nothing');
  }

  log() {
    return { close: () => {} };
  }

  async unload(): Promise<void> {
    this.pins.epoch = undefined;
    this.pins.hooks.clear();
  }
}
