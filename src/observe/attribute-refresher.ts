// SPDX-License-Identifier: Apache-2.0
import type { NamespaceIo } from '../kernel/ports.ts';
import { type DeviceAttributes, readDeviceAttributes } from './device-attributes.ts';
import type { LinkRow, LinkTable } from './link-table.ts';
import { TimeSlice } from './time-slice.ts';

/** Devices read at once. */
const AT_ONCE = 8;

/** Fills in the attributes of devices that appeared or changed, a few at a time. */
export class AttributeRefresher {
  readonly #io: NamespaceIo;
  readonly #table: () => LinkTable;
  #running = false;
  #again = false;
  #closed = false;

  constructor(io: NamespaceIo, table: () => LinkTable) {
    this.#io = io;
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
        .filter((row) => row.attributesStale);
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
    if (row === undefined || !row.attributesStale) return;
    row.attributesStale = false;
    const found = await readDeviceAttributes(this.#io, row.link).catch(() => undefined);
    const now = this.#table().row(ifindex);
    if (found !== undefined && now?.link.ifname === row.link.ifname) replaceAttributes(now, found);
  }
}

function replaceAttributes(row: LinkRow, found: DeviceAttributes): void {
  for (const key of ['addrAssignType', 'devId', 'nameAssignType', 'speed', 'duplex'] as const)
    delete row[key];
  Object.assign(row, found);
}
