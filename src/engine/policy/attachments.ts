// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { messageOf } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { changedPlaces } from './changed-places.ts';
import type { Enforcement, Place } from './ports.ts';

interface Hook {
  readonly space: number;
  readonly ifindex: number;
}

/** Milliseconds between looks at whether all programs are where they were attached. */
const LOOK_MS = 2_000;

/** The programs on the devices of endpoints: those that ought to be there, and those that others have taken away. */
export class Attachments {
  readonly #enforcer: Enforcement;
  readonly #lost: () => void;
  readonly #warn: (problem: string) => void;
  /** Those that were asked for last. */
  #places: readonly Place[] | undefined;
  /** Hooks of each device with a program on them when they were attached. */
  #hooks: ReadonlyMap<string, number> = new Map();
  /** Devices without a program that ought to have one, as they were seen last. */
  #missing: ReadonlySet<string> = new Set();
  /** Of the looks that one turn of the event loop takes, only the first one looks. */
  #isFresh = false;

  /** The kernel says nothing when somebody detaches a program. */
  #timer: NodeJS.Timeout | undefined;
  /** What was told last, as a text. */
  #told = '';
  /** Why the last look failed. */
  #problem = '';

  /** @param lost Called when programs are missing that were not before. */
  constructor(enforcer: Enforcement, lost: () => void, warn: (problem: string) => void) {
    this.#enforcer = enforcer;
    this.#lost = lost;
    this.#warn = warn;
  }

  /**
   * Attach what is new, what others have detached and what could not be attached, and detach what is of no endpoint any
   * more. Devices that have gone meanwhile are left out.
   * @throws {WeirError}, {KernelError} when a device could not be attached: all others are, and it is tried again.
   */
  async update(places: readonly Place[]): Promise<void> {
    const before = this.#places;
    this.#places = places;
    // other numbers of the same devices' endpoints stand in the maps
    if (this.#missing.size === 0 && before !== undefined && changedPlaces(before, places) !== undefined)
      return;
    const known = new Set(before?.map((place) => nameOf(hookOf(place))));
    const there = new Set(places.map((place) => nameOf(hookOf(place))));
    const failed = new Map<string, unknown>();
    for (const place of places) {
      const name = nameOf(hookOf(place));
      if (!known.has(name) || this.#missing.has(name))
        await this.#enforcer.attach(place).catch((error: unknown) => {
          if (!isGone(error)) failed.set(name, error);
        });
    }
    for (const hook of before?.map(hookOf) ?? this.#enforcer.attachments())
      if (!there.has(nameOf(hook))) {
        there.add(nameOf(hook));
        await this.#enforcer.detach(hook.space, hook.ifindex);
      }
    this.#missing = new Set(failed.keys());
    this.#isFresh = false;
    const hooks = new Map(this.#attached());
    // what failed is missing from the beginning
    for (const name of failed.keys()) hooks.set(name, (hooks.get(name) ?? 0) + 1);
    this.#hooks = hooks;
    this.#told = '';
    if (this.#timer === undefined) this.#lookLater();
    for (const error of failed.values()) throw error;
  }

  /** Nothing is attached any more, or nobody looks. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#places = undefined;
    this.#hooks = new Map();
    this.#missing = new Set();
  }

  /** Of these places, the devices whose programs are not all there. @param all Every place that there is. */
  missing(places: readonly Place[], all: readonly Place[]): readonly string[] {
    if (places.length === 0) return [];
    if (!this.#isFresh) this.#look(all);
    return places.filter((place) => this.#missing.has(nameOf(hookOf(place)))).map(({ device }) => device);
  }

  /** Those of these places that have a program at XDP. */
  atXdp(places: readonly Place[]): readonly Place[] {
    const hooks = this.#enforcer.attachments().filter(({ hook, attached }) => hook === 'xdp' && attached);
    const names = new Set(hooks.map(nameOf));
    return places.filter((place) => names.has(nameOf(hookOf(place))));
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => void this.#check(), LOOK_MS).unref();
  }

  async #check(): Promise<void> {
    const timer = this.#timer;
    const problem = await this.#enforcer.look().then(() => '', messageOf);
    if (problem !== '' && problem !== this.#problem) this.#warn(`programs on devices: ${problem}`);
    this.#problem = problem;
    if (timer !== this.#timer) return;
    this.#lookLater();
    const now = this.#attached();
    const lost = [...this.#hooks].filter(([name, hooks]) => (now.get(name) ?? 0) < hooks).join();
    if (lost !== '' && lost !== this.#told) this.#lost();
    this.#told = lost;
  }

  #look(all: readonly Place[]): void {
    const now = this.#attached();
    const names = all.map((place) => nameOf(hookOf(place)));
    this.#missing = new Set(names.filter((name) => (now.get(name) ?? 0) < (this.#hooks.get(name) ?? 1)));
    this.#isFresh = true;
    setImmediate(() => {
      this.#isFresh = false;
    });
  }

  #attached(): ReadonlyMap<string, number> {
    const hooks = new Map<string, number>();
    for (const hook of this.#enforcer.attachments())
      if (hook.attached) hooks.set(nameOf(hook), (hooks.get(nameOf(hook)) ?? 0) + 1);
    return hooks;
  }
}

/** The device has been removed since it was seen. */
function isGone(error: unknown): boolean {
  return error instanceof KernelError && error.errno === ERRNO.ENODEV;
}

/** A device as the programs know it. */
function hookOf({ io, ifindex }: Place): Hook {
  return { space: Number(io.netns.inode), ifindex };
}

function nameOf({ space, ifindex }: Hook): string {
  return `${space} ${ifindex}`;
}
