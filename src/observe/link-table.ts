// SPDX-License-Identifier: Apache-2.0
import type { Address } from '../model/address.ts';
import type { Link } from '../model/link.ts';
import { IFF_UP } from '../model/names/link-flags.ts';
import type { DeviceAttributes } from './device-attributes.ts';
import { deviceLabels } from './labels.ts';
import type { ProjectedAddress } from './project/address.ts';
import { type LinkReference, type ProjectedLink, withReferences } from './project/link.ts';

/** A device of the snapshot with what metrics need beside it. */
export interface ObservedLink extends Readonly<DeviceAttributes> {
  readonly link: Link;
  /**
   * `device="eth0"`, with a `netns` label before it outside the agent's own namespace. Made once per name.
   */
  readonly labels: Uint8Array;
  /** When the carrier last changed, in milliseconds since 1970; absent until it does. */
  readonly carrierChanged?: number;
}

/** The table's own row. `link` is replaced as a whole, never changed in place, so readers may keep it. */
export interface LinkRow extends DeviceAttributes {
  link: Link;
  labels: Uint8Array;
  references: readonly LinkReference[];
  /** When the carrier last changed, in milliseconds since 1970; absent until it does. */
  carrierChanged?: number;
  /** The attributes have not been read since the device appeared or changed. */
  attributesStale: boolean;
}

/**
 * Links and addresses of one namespace with the names they refer to. It knows nothing of sockets: whoever
 * feeds it decides what is current.
 */
export class LinkTable {
  readonly #netns: string;
  readonly #now: () => number;
  readonly #rows = new Map<number, LinkRow>();
  readonly #addresses = new Map<number, Map<string, Address>>();
  /** Which rows show the name of a device: filled also for devices that are not there (yet). */
  readonly #referrers = new Map<number, Set<number>>();
  #sorted: readonly LinkRow[] | undefined;

  constructor(netns: string, now: () => number = Date.now) {
    this.#netns = netns;
    this.#now = now;
  }

  /** All rows by ascending ifindex; the same array until a device changes. */
  rows(): readonly LinkRow[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => a.link.ifindex - b.link.ifindex);
    return this.#sorted;
  }

  row(ifindex: number): LinkRow | undefined {
    return this.#rows.get(ifindex);
  }

  nameOf(ifindex: number): string | undefined {
    return this.#rows.get(ifindex)?.link.ifname;
  }

  /** Addresses in the order of their devices. */
  addresses(): readonly Address[] {
    return this.rows().flatMap((row) => [...(this.#addresses.get(row.link.ifindex)?.values() ?? [])]);
  }

  addressesOf(ifindex: number): ReadonlyMap<string, Address> {
    return this.#addresses.get(ifindex) ?? NO_ADDRESSES;
  }

  /**
   * Insert or replace a device.
   *
   * @param before The row of an earlier table that held this device; labels and attributes carry over.
   */
  putLink(projected: ProjectedLink, before = this.#rows.get(projected.link.ifindex)): LinkRow {
    const { ifindex, ifname } = projected.link;
    const link = withReferences(projected.link, projected.references, (other) => this.#rows.get(other)?.link);
    const row = rowOf(this.#netns, link, projected.references, before);
    // it counts each loss and each return, so that none is missed between two looks
    if (before !== undefined && before.link.raw.carrierChanges !== link.raw.carrierChanges)
      row.carrierChanged = this.#now();
    const previous = this.#rows.get(ifindex);
    this.#rows.set(ifindex, row);
    if (previous !== undefined) this.#unrefer(previous);
    this.#sorted = undefined;
    for (const reference of row.references) this.#refer(reference.ifindex, ifindex);
    if (previous?.link.ifname !== ifname) this.#renameAddresses(ifindex, ifname);
    if (looksDifferent(previous?.link, link)) this.#updateReferrers(ifindex);
    return row;
  }

  /** Remove a device with its addresses. */
  deleteLink(ifindex: number): LinkRow | undefined {
    const row = this.#rows.get(ifindex);
    if (row === undefined) return undefined;
    this.#rows.delete(ifindex);
    this.#addresses.delete(ifindex);
    this.#unrefer(row);
    this.#sorted = undefined;
    return row;
  }

  /** Insert or replace an address. */
  putAddress(projected: ProjectedAddress): Address {
    const { ifindex } = projected.address;
    const address = { ...projected.address, ifname: this.nameOf(ifindex) ?? projected.address.ifname };
    const list = this.#addresses.get(ifindex) ?? new Map<string, Address>();
    list.set(projected.key, address);
    this.#addresses.set(ifindex, list);
    return address;
  }

  /** Remove an address. @returns it, or undefined when it was not there. */
  deleteAddress(projected: ProjectedAddress): Address | undefined {
    const list = this.#addresses.get(projected.address.ifindex);
    const address = list?.get(projected.key);
    list?.delete(projected.key);
    return address;
  }

  /** Forget all addresses. */
  clearAddresses(): void {
    this.#addresses.clear();
  }

  #refer(target: number, from: number): void {
    const set = this.#referrers.get(target);
    if (set === undefined) this.#referrers.set(target, new Set([from]));
    else set.add(from);
  }

  #unrefer(row: LinkRow): void {
    for (const { ifindex } of row.references) {
      const set = this.#referrers.get(ifindex);
      set?.delete(row.link.ifindex);
      if (set?.size === 0) this.#referrers.delete(ifindex);
    }
  }

  #updateReferrers(ifindex: number): void {
    for (const referrer of this.#referrers.get(ifindex) ?? []) {
      const row = this.#rows.get(referrer);
      if (row !== undefined)
        row.link = withReferences(row.link, row.references, (other) => this.#rows.get(other)?.link);
    }
  }

  #renameAddresses(ifindex: number, ifname: string): void {
    const list = this.#addresses.get(ifindex);
    for (const [key, address] of list ?? []) list?.set(key, { ...address, ifname });
  }
}

/** Whether links that refer to this one show something else now. */
function looksDifferent(before: Link | undefined, after: Link): boolean {
  return before?.ifname !== after.ifname || isUp(before) !== isUp(after);
}

const NO_ADDRESSES: ReadonlyMap<string, Address> = new Map();

/** A device that is down has no speed for sysfs. */
function isUp(link: Link): boolean {
  return (link.raw.flags & IFF_UP) !== 0;
}

function rowOf(
  netns: string,
  link: Link,
  references: readonly LinkReference[],
  before: LinkRow | undefined,
): LinkRow {
  if (before === undefined)
    return { link, references, labels: deviceLabels(netns, link.ifname), attributesStale: true };
  const sameName = before.link.ifname === link.ifname;
  return {
    ...before,
    link,
    references,
    labels: sameName ? before.labels : deviceLabels(netns, link.ifname),
    attributesStale:
      before.attributesStale ||
      !sameName ||
      before.link.address !== link.address ||
      before.link.raw.carrier !== link.raw.carrier ||
      isUp(before.link) !== isUp(link),
  };
}
