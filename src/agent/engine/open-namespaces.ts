// SPDX-License-Identifier: Apache-2.0
import type { NamespaceIo, Namespaces } from '../../kernel/ports.ts';

/** Namespaces that changes are about, opened when they are needed first, by name; '' is the agent's own. */
export class OpenNamespaces {
  readonly #namespaces: Namespaces;
  readonly #open = new Map<string, Promise<NamespaceIo>>();

  constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces;
  }

  /** @throws {WeirError} `NOT_FOUND`. */
  open(name: string): Promise<NamespaceIo> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = name === '' ? this.#namespaces.own() : this.#namespaces.open(name);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  /** The port that opens namespaces, over the ones that are kept here. */
  get port(): Namespaces {
    return {
      own: () => this.open(''),
      open: (name) => this.open(name),
      discover: (options) => this.#namespaces.discover(options),
    };
  }

  /** Let go of those whose name is gone or means another namespace by now: an open one would live on. */
  async refresh(): Promise<void> {
    const named = [...this.#open.keys()].filter((name) => name !== '' && !name.startsWith('/'));
    if (named.length === 0) return;
    const processes = named.some((name) => name.startsWith('pid:'));
    const found = await this.#namespaces.discover({ processes });
    const inodes = new Map(found.map(({ name, inode }) => [name, inode]));
    for (const [name, opening] of this.#open) {
      if (name === '' || name.startsWith('/')) continue;
      const io = await opening.catch(() => undefined);
      if (io !== undefined && inodes.get(name) === io.netns.inode) continue;
      this.#open.delete(name);
      await io?.close();
    }
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const opening of all) await (await opening.catch(() => undefined))?.close();
  }
}
