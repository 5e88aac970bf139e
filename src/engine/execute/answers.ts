// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { NamespaceIo, ProgramHost } from '../../kernel/ports.ts';
import { ownedProgramIn } from '../../kinds/filter/owned-program.ts';
import type { DeviceIndex } from './device-index.ts';
import { readSecret } from './secret.ts';

/** What a class may have to know before it writes. */
export interface Question {
  readonly about: 'device' | 'netns' | 'secret' | 'bpf';
  readonly name: string;
}

/** Thrown through a class's `write` when something has to be found out first. */
export class AskFirst extends Error {
  readonly question: Question;

  constructor(question: Question) {
    super(`${question.about} ${question.name}`);
    this.question = question;
  }
}

/** What has been found out during one run, for the classes of one namespace. */
export class Answers {
  readonly #devices: DeviceIndex;
  readonly #open: (netns: string) => Promise<NamespaceIo>;
  readonly #namespaces = new Map<string, number>();
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #programs = new Map<string, number>();
  readonly #host: ProgramHost;

  constructor(devices: DeviceIndex, open: (netns: string) => Promise<NamespaceIo>, host: ProgramHost) {
    this.#devices = devices;
    this.#open = open;
    this.#host = host;
  }

  /** @throws {AskFirst} */
  ifindex(name: string): number {
    return this.#devices.known(name) ?? unknown('device', name);
  }

  /** @throws {AskFirst} */
  netns(name: string): number {
    return this.#namespaces.get(name) ?? unknown('netns', name);
  }

  /** @throws {AskFirst} */
  secret(path: string): Uint8Array {
    return this.#secrets.get(path) ?? unknown('secret', path);
  }

  /** @throws {AskFirst} */
  bpf(path: string): number {
    return this.#programs.get(path) ?? unknown('bpf', path);
  }

  /** @throws {KernelError} ENODEV, {WeirError} `NOT_FOUND`, `VALUE`. */
  async find({ about, name }: Question): Promise<void> {
    if (about === 'device') await this.#devices.learn(name);
    else if (about === 'netns') this.#namespaces.set(name, (await this.#open(name)).fd);
    // A path is looked up where the agent is, whatever the namespace.
    else if (about === 'bpf') this.#programs.set(name, await this.#openProgram(name));
    else this.#secrets.set(name, await readSecret(name));
  }

  async #openProgram(name: string): Promise<number> {
    const owned = ownedProgramIn(name);
    if (owned !== undefined) return this.#host.openFunction(owned.of, owned.program);
    return (await this.#open('')).bpf(name);
  }

  /** The kernel has taken what it was given. */
  close(): void {
    for (const fd of this.#programs.values()) closeSync(fd);
  }

  /** Devices come, go and change their names: what is known of them may be wrong from now on. */
  forgetDevices(): void {
    this.#devices.forget();
  }
}

function unknown(about: Question['about'], name: string): never {
  throw new AskFirst({ about, name });
}
