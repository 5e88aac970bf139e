// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import type { NamespaceIo, Namespaces, NetnsIdentity, Subscription } from '../kernel/ports.ts';
import { NamespaceSnapshot, type SnapshotOptions } from './snapshot.ts';

/** A namespace that is being observed. */
export interface ObservedNamespace {
  /** '' for the agent's own. */
  readonly name: string;
  readonly inode: number;
  readonly io: NamespaceIo;
  readonly snapshot: NamespaceSnapshot;
}

/** A namespace that should be observed and is not. */
export interface NamespaceProblem {
  readonly name: string;
  readonly problem: string;
}

export interface NamespaceSetOptions {
  /** Names, `/paths` or `pid:N` that the operator listed. */
  readonly configured?: readonly string[];
  /** Which namespaces to take up as they appear; nothing beyond the configured ones when absent. */
  readonly discover?: {
    /** Also those that only processes hold. */
    readonly processes: boolean;
    /** Which names to take. */
    readonly accept?: (name: string) => boolean;
  };
  /** Milliseconds between looks for new and vanished namespaces. */
  readonly pollMs?: number;
  readonly snapshot?: SnapshotOptions;
  /** Told when a problem appears or changes its text, not at every look. */
  readonly onProblem?: (problem: NamespaceProblem) => void;
}

/** Told when a namespace comes or goes. It must not throw. */
export type NamespaceListener = (event: 'added' | 'removed', namespace: ObservedNamespace) => void;

const POLL_MS = 2_000;

/**
 * The agent's own namespace and all others that it watches, each with its snapshot. Namespaces come and go;
 * one that fails is reported and tried again, and never harms the others.
 */
export class NamespaceSet {
  readonly #namespaces: Namespaces;
  readonly #options: NamespaceSetOptions;
  readonly #observed = new Map<string, ObservedNamespace>();
  readonly #problems = new Map<string, string>();
  readonly #listeners = new Set<NamespaceListener>();
  readonly #stop = new AbortController();
  #polling: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();

  constructor(namespaces: Namespaces, options: NamespaceSetOptions = {}) {
    this.#namespaces = namespaces;
    this.#options = options;
  }

  /**
   * Take up the agent's own namespace, then those configured and found, then keep looking.
   *
   * @throws {WeirError} when the agent's own namespace cannot be observed.
   */
  async start(): Promise<void> {
    await this.#add('', await this.#namespaces.own());
    await this.look();
    this.#polling = this.#poll();
  }

  /** The observed namespaces, the agent's own first. */
  all(): readonly ObservedNamespace[] {
    return [...this.#observed.values()];
  }

  /** By name, '' for the agent's own. */
  get(name: string): ObservedNamespace | undefined {
    return this.#observed.get(name);
  }

  problems(): readonly NamespaceProblem[] {
    return [...this.#problems].map(([name, problem]) => ({ name, problem }));
  }

  onChange(listener: NamespaceListener): Subscription {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  /** Compare what there is with what is observed, once; calls that overlap wait for each other. */
  look(): Promise<void> {
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => {});
    return looked;
  }

  async #look(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const found = await this.#find();
    for (const namespace of this.#observed.values())
      if (namespace.name !== '' && found.get(namespace.name)?.inode !== namespace.inode)
        await this.#remove(namespace);
    for (const name of this.#problems.keys()) if (!found.has(name)) this.#problems.delete(name);
    for (const name of found.keys()) if (!this.#observed.has(name)) await this.#open(name);
  }

  /** Stop looking and let go of every namespace. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#polling;
    await this.#looking;
    for (const namespace of [...this.#observed.values()].reverse()) await this.#remove(namespace);
    this.#listeners.clear();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(this.#options.pollMs ?? POLL_MS, undefined, { ref: false, signal }).catch(() => {});
      if (!signal.aborted) await this.look().catch((error: unknown) => this.#report('', error));
    }
  }

  /** Names that should be observed. A namespace with two names, or the agent's own, is observed once. */
  async #find(): Promise<ReadonlyMap<string, { readonly inode: number | undefined }>> {
    const { configured = [], discover } = this.#options;
    const present = await this.#namespaces.discover({ processes: discover?.processes ?? false });
    const inodes = new Map(present.map(({ name, inode }) => [name, inode]));
    const found = new Map<string, { inode: number | undefined }>();
    for (const name of configured) found.set(name, { inode: inodes.get(name) ?? (await this.#probe(name)) });
    if (discover === undefined) return found;
    const seen = new Set([this.#observed.get('')?.inode, ...[...found.values()].map(({ inode }) => inode)]);
    for (const identity of present) {
      if (seen.has(identity.inode) || !accepted(identity, discover.accept)) continue;
      seen.add(identity.inode);
      found.set(identity.name, identity);
    }
    return found;
  }

  /** Inode of a namespace that discovery does not list (a path, a process), undefined when it is gone. */
  async #probe(name: string): Promise<number | undefined> {
    const io = await this.#namespaces.open(name).catch(() => undefined);
    await io?.close();
    return io?.netns.inode;
  }

  async #open(name: string): Promise<void> {
    try {
      await this.#add(name, await this.#namespaces.open(name));
      this.#problems.delete(name);
    } catch (error) {
      this.#report(name, error);
    }
  }

  async #add(name: string, io: NamespaceIo): Promise<void> {
    const snapshot = new NamespaceSnapshot(io, this.#options.snapshot);
    try {
      await snapshot.start();
    } catch (error) {
      snapshot.close();
      await io.close().catch(() => {});
      throw error;
    }
    const namespace = { name, inode: io.netns.inode, io, snapshot };
    this.#observed.set(name, namespace);
    for (const listener of this.#listeners) listener('added', namespace);
  }

  async #remove(namespace: ObservedNamespace): Promise<void> {
    this.#observed.delete(namespace.name);
    for (const listener of this.#listeners) listener('removed', namespace);
    namespace.snapshot.close();
    await namespace.io.close().catch((error: unknown) => this.#report(namespace.name, error));
  }

  #report(name: string, error: unknown): void {
    const problem = messageOf(error);
    if (this.#problems.get(name) === problem) return;
    this.#problems.set(name, problem);
    this.#options.onProblem?.({ name, problem });
  }
}

function accepted(identity: NetnsIdentity, accept: ((name: string) => boolean) | undefined): boolean {
  return accept === undefined || accept(identity.name);
}
