// SPDX-License-Identifier: Apache-2.0
import { closeSync, rmSync } from 'node:fs';
import { WeirError } from '../../../base/errors.ts';
import type {
  NamespaceIo,
  PolicyDatapath,
  PolicyPlace,
  PolicyTables,
  PolicyTablesOptions,
} from '../../ports.ts';
import { readRing } from '../ring.ts';
import { BPF, BpfAttr, mustBpf } from '../syscall.ts';
import {
  dropFilter,
  type FilterHook,
  filterAttachment,
  hasFilter,
  markOf,
  pinnedFilters,
  putFilter,
} from './clsact.ts';
import { gracePeriod, ticksPerSecond } from './libc.ts';
import { attachmentOf, dropLink, hasTcx, type LinkName, linksOf, pinnedLinks, putLink } from './links.ts';
import { putPin, Shelf, withPin } from './shelf.ts';
import { createTables, functionFor, type Load, OpenTables, type PolicyFunction } from './tables.ts';

/** Size of struct __sk_buff as far as it is given to a run. */
const SKB_SIZE = 192;
const [SKB_IFINDEX, SKB_CB] = [40, 48];

export interface PolicyDatapathSettings {
  /** In a bpffs. */
  readonly pinDir: string;
  /** The object, read when it is needed. */
  readonly object: () => Uint8Array;
  /** Use clsact also where the kernel has tcx. */
  readonly clsact?: boolean;
}

/** Network policy in this machine's kernel. Nothing is loaded or opened before it is asked for. */
export function createPolicyDatapath({ pinDir, object, clsact }: PolicyDatapathSettings): PolicyDatapath {
  return new Datapath(new Shelf(pinDir), object, clsact ?? false);
}

class Datapath implements PolicyDatapath {
  readonly #shelf: Shelf;
  readonly #object: () => Uint8Array;
  readonly #clsact: boolean;
  /** Namespaces that filters are in. */
  readonly #ios = new Map<number, NamespaceIo>();
  /** Marks of filters that the last look did not find. */
  readonly #gone = new Set<string>();
  #tables: OpenTables | undefined;
  /** Constants of instances, by generation: those of tables that were opened are asked of whoever opened them. */
  readonly #variables = new Map<number, Readonly<Record<string, number>>>();

  constructor(shelf: Shelf, object: () => Uint8Array, clsact: boolean) {
    this.#clsact = clsact;
    this.#shelf = shelf;
    this.#object = object;
  }

  async open(
    constants: (tables: PolicyTables) => Readonly<Record<string, number>>,
  ): Promise<PolicyTables | undefined> {
    if (this.#tables !== undefined) return this.#tables;
    const newest = this.#shelf.generations().findLast((one) => this.#shelf.isCommitted(one));
    if (newest === undefined) return undefined;
    const tables = new OpenTables(this.#shelf, newest);
    this.#variables.set(newest, constants(tables));
    await this.commit(tables, []);
    return tables;
  }

  async create(options: PolicyTablesOptions): Promise<PolicyTables> {
    const former = this.#tables;
    const generation = (this.#shelf.generations().at(-1) ?? 0) + 1;
    const { loadObject } = await import('../load.ts');
    try {
      const made = createTables(this.#shelf, loadObject, this.#object(), generation, options, former);
      this.#variables.set(generation, options.variables);
      return made;
    } catch (error) {
      this.#shelf.removeTables(generation);
      throw error;
    }
  }

  async commit(tables: PolicyTables, places: readonly PolicyPlace[]): Promise<void> {
    const made = tables as OpenTables;
    const { loadObject } = await import('../load.ts');
    // everything that can fail comes first
    const swaps = pinnedLinks(this.#shelf).map((link) => ({
      link,
      fd: this.#function(loadObject, made, link.space, link.name),
    }));
    try {
      withPin(this.#shelf.tables(made.generation, 'flip'), (fd) =>
        putPin(fd, this.#shelf.tables(made.generation), 'committed'),
      );
      for (const { link, fd } of swaps) putLink(this.#shelf, undefined, link, fd);
      for (const place of places) await this.#swapFilters(loadObject, made, place);
    } finally {
      for (const { fd } of swaps) closeSync(fd);
    }
    if (this.#tables !== made) this.#tables?.close();
    this.#tables = made;
    this.#removeOthers(made.generation);
  }

  discard(tables: PolicyTables): void {
    (tables as OpenTables).close();
    this.#shelf.removeTables(tables.generation);
  }

  async attach(place: PolicyPlace): Promise<void> {
    const tables = this.#open();
    const { loadObject } = await import('../load.ts');
    const wanted = linksOf(place);
    const space = place.io.netns.inode;
    for (const link of pinnedLinks(this.#shelf))
      if (link.space === space && link.ifindex === place.ifindex && !wanted.some((one) => same(one, link)))
        dropLink(this.#shelf, link);
    for (const link of wanted) {
      const fd = this.#function(loadObject, tables, space, link.name);
      try {
        if (link.hook !== 'xdp' && !this.#hasTcx(place)) await this.#putFilter(place, link, link.hook, fd);
        else putLink(this.#shelf, place.io.fd, link, fd);
      } finally {
        closeSync(fd);
      }
    }
  }

  async detach(space: number, ifindex: number, io?: NamespaceIo): Promise<void> {
    for (const filter of pinnedFilters(this.#shelf))
      if (filter.space === space && filter.ifindex === ifindex)
        await dropFilter(this.#shelf, io ?? this.#ios.get(space), filter);
    for (const link of pinnedLinks(this.#shelf))
      if (link.space === space && link.ifindex === ifindex) dropLink(this.#shelf, link);
    if (this.#tables === undefined || pinnedLinks(this.#shelf).some((link) => link.space === space)) return;
    for (const name of ['policy_ingress', 'policy_egress', 'policy_early'])
      rmSync(this.#shelf.tables(this.#tables.generation, 'programs', `${space}_${name}`), { force: true });
  }

  attachments() {
    return [
      ...pinnedLinks(this.#shelf).map((link) => attachmentOf(this.#shelf, link)),
      ...pinnedFilters(this.#shelf).map((filter) =>
        filterAttachment(this.#shelf, filter, this.#gone.has(markOf(filter))),
      ),
    ];
  }

  async look(): Promise<void> {
    const problems: unknown[] = [];
    for (const filter of pinnedFilters(this.#shelf)) {
      const io = this.#ios.get(filter.space);
      if (io === undefined) continue;
      try {
        if (await hasFilter(this.#shelf, io, filter)) this.#gone.delete(markOf(filter));
        else this.#gone.add(markOf(filter));
      } catch (error) {
        problems.push(error);
      }
    }
    if (problems.length > 0) throw problems[0];
  }

  run(place: PolicyPlace, direction: 'ingress' | 'egress', frame: Uint8Array, cb: Uint8Array): number {
    const tables = this.#open();
    const name = `${place.io.netns.inode}_policy_${direction}`;
    return withPin(this.#shelf.tables(tables.generation, 'programs', name), (fd) => {
      const context = new Uint8Array(SKB_SIZE);
      new DataView(context.buffer).setUint32(SKB_IFINDEX, place.ifindex, true);
      context.set(cb, SKB_CB);
      const attr = new BpfAttr(80)
        .u32(0, fd)
        .u32(8, frame.length)
        .pointer(16, frame)
        .u32(32, 1)
        .u32(40, context.length)
        .pointer(48, context);
      mustBpf('BPF_PROG_TEST_RUN', BPF.PROG_TEST_RUN, attr, place.io.fd);
      return attr.view.getInt32(4, true);
    });
  }

  gracePeriod = gracePeriod;
  ticksPerSecond = ticksPerSecond;

  readLog(sink: Parameters<PolicyDatapath['readLog']>[0]) {
    return readRing(this.#open().map('policy_log').fd, sink);
  }

  async unload(): Promise<void> {
    for (const link of pinnedLinks(this.#shelf)) dropLink(this.#shelf, link);
    for (const filter of pinnedFilters(this.#shelf))
      await dropFilter(this.#shelf, this.#ios.get(filter.space), filter);
    this.#tables?.close();
    this.#tables = undefined;
    this.#shelf.removeAll();
  }

  /** Put the tables' programs in the place of those that filters of a device run. */
  async #swapFilters(load: Load, tables: OpenTables, place: PolicyPlace): Promise<void> {
    this.#ios.set(place.io.netns.inode, place.io);
    const filters = pinnedFilters(this.#shelf);
    for (const link of linksOf(place)) {
      if (!filters.some((one) => one.space === link.space && one.ifindex === link.ifindex)) continue;
      if (link.hook === 'xdp') continue;
      const fd = this.#function(load, tables, link.space, link.name);
      try {
        await this.#putFilter(place, link, link.hook, fd);
      } finally {
        closeSync(fd);
      }
    }
  }

  async #putFilter({ io }: PolicyPlace, link: LinkName, hook: FilterHook, program: number): Promise<void> {
    const mark = markOf({ ...link, hook });
    await putFilter(this.#shelf, io, link, program, this.#gone.has(mark));
    this.#gone.delete(mark);
  }

  #hasTcx({ io, ifindex }: PolicyPlace): boolean {
    this.#ios.set(io.netns.inode, io);
    return !this.#clsact && hasTcx(io.fd, ifindex);
  }

  #open(): OpenTables {
    if (this.#tables !== undefined) return this.#tables;
    throw new WeirError('BPF_OBJECT', { problem: 'no network policy is loaded' });
  }

  #function(load: Load, tables: OpenTables, space: number, name: PolicyFunction): number {
    const variables = this.#variables.get(tables.generation) ?? {};
    return functionFor(this.#shelf, load, this.#object, tables, space, name, variables);
  }

  #removeOthers(generation: number): void {
    for (const other of this.#shelf.generations()) if (other !== generation) this.#shelf.removeTables(other);
  }
}

function same(a: LinkName, b: LinkName): boolean {
  return a.hook === b.hook && a.name === b.name;
}
