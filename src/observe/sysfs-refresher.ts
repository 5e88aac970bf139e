// SPDX-License-Identifier: Apache-2.0
import type { FileReader } from '../kernel/ports.ts';
import type { LinkRow, LinkTable } from './link-table.ts';
import { readSysfsAttributes } from './sysfs-attributes.ts';
import { TimeSlice } from './time-slice.ts';

/** Devices read at once. */
const AT_ONCE = 8;

/** Fills in the sysfs attributes of devices that appeared or changed, a few at a time. */
export class SysfsRefresher {
  readonly #sys: FileReader;
  readonly #table: () => LinkTable;
  #running = false;
  #again = false;
  #closed = false;

  constructor(sys: FileReader, table: () => LinkTable) {
    this.#sys = sys;
    this.#table = table;
  }

  /** There may be devices to read. */
  wake(): void {
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#again && !this.#closed) {
      this.#again = false;
      const stale = this.#table()
        .rows()
        .filter((row) => row.sysfsStale);
      await this.#readAll(stale.map((row) => row.link.ifindex));
    }
    this.#running = false;
  }

  async #readAll(ifindexes: readonly number[]): Promise<void> {
    const slice = new TimeSlice();
    for (let i = 0; i < ifindexes.length && !this.#closed; i += AT_ONCE) {
      await Promise.all(ifindexes.slice(i, i + AT_ONCE).map((ifindex) => this.#readOne(ifindex)));
      await slice.pause();
    }
  }

  async #readOne(ifindex: number): Promise<void> {
    const row = this.#table().row(ifindex);
    if (row === undefined || !row.sysfsStale) return;
    row.sysfsStale = false;
    const found = await readSysfsAttributes(this.#sys, row.link.ifname).catch(() => undefined);
    const now = this.#table().row(ifindex);
    if (found !== undefined && now?.link.ifname === row.link.ifname) replaceAttributes(now, found);
  }
}

function replaceAttributes(row: LinkRow, found: Awaited<ReturnType<typeof readSysfsAttributes>>): void {
  for (const key of ['addrAssignType', 'devId', 'nameAssignType', 'speed', 'duplex'] as const)
    delete row[key];
  Object.assign(row, found);
}
