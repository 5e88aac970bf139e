// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { isWeirError, messageOf } from '../../base/errors.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { type Wire, wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import {
  decodeIfinfomsg,
  decodeLinkAttrs,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFINFOMSG_SIZE,
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTNLGRP_LINK,
} from '../../codec/generated/rt-link.ts';
import { type NamespaceIo, NETLINK, type Subscription } from '../../kernel/ports.ts';
import { AF_BRIDGE } from '../../model/names/families.ts';
import type { EndpointSide, EndpointSpec } from '../../model/policy.ts';
import { pattern } from '../../plan/match.ts';
import type { CompiledPolicy, EndpointRecord } from '../../policy/compiled.ts';
import type { Place } from './ports.ts';

/** Milliseconds between looks for namespaces that come and go: nothing tells of these. */
const LOOK_MS = 1_000;

/** Types of devices (include/uapi/linux/if_arp.h) whose frames have an Ethernet header: Ethernet, loopback. */
const FRAMED: readonly number[] = [1, 772];

interface Device {
  readonly name: string;
  /** Its frames have no Ethernet header. */
  readonly l3: boolean;
}

interface Site {
  readonly io: NamespaceIo;
  readonly devices: ReadonlyMap<number, Device>;
  readonly subscription: Subscription;
  /** Ask for one device. @returns whether it was not known. */
  meet(name: string): Promise<boolean>;
}

/** A device of an endpoint. */
interface Fit {
  readonly netns: string;
  readonly ifindex: number;
  readonly device: string;
  readonly l3: boolean;
  readonly side: EndpointSide;
  readonly key: string;
}

interface DevicesParts {
  /** @throws {WeirError} `NOT_FOUND`. */
  open(netns: string): Promise<NamespaceIo>;
  /** Let go of namespaces whose name means another one by now. */
  refresh(): Promise<void>;
  warn(problem: string): void;
  /** Devices came, went or have other names. */
  changed(): void;
  /** Hosts are to have XDP. */
  readonly xdp: boolean;
}

/** The devices of the namespaces in which endpoints are, followed by the kernel's events. */
export class EndpointDevices {
  readonly #parts: DevicesParts;
  readonly #sites = new Map<string, Site>();
  #wanted: ReadonlySet<string> = new Set();
  #endpoints: ReadonlyMap<string, EndpointSpec> = new Map();
  /** Which device is of which endpoint; undefined when that has to be looked at again. */
  #fits: readonly Fit[] | undefined;
  /** As they were asked for last; those of fits that are none are left out of the list. */
  #places: readonly (Place | undefined)[] = [];
  #list: readonly Place[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  /** Follow the devices of these endpoints and of no other. Namespaces that are not there are looked for. */
  async follow(endpoints: ReadonlyMap<string, EndpointSpec>): Promise<void> {
    if (this.#endpoints === endpoints) return;
    this.#endpoints = endpoints;
    this.#fits = undefined;
    const having = [...endpoints.values()].filter(({ devices }) => devices.length > 0);
    const netns = new Set(having.map(({ netns = '' }) => netns));
    this.#wanted = netns;
    for (const name of this.#sites.keys()) if (!netns.has(name)) this.#leave(name);
    for (const name of netns) await this.#enter(name);
    this.#lookLater();
  }

  /**
   * The devices of endpoints, each of the first endpoint by name that it fits. A place that is as it was is the same object,
   * and the list is the same where all are.
   */
  places(compiled: CompiledPolicy): readonly Place[] {
    if (this.#fits === undefined) {
      this.#fits = this.#look();
      this.#places = [];
      this.#list = [];
    }
    const before = this.#places;
    this.#places = this.#fits.map((fit, i) => this.#place(fit, compiled, before[i]));
    if (before.length !== this.#places.length || this.#places.some((place, i) => place !== before[i]))
      this.#list = this.#places.filter((place) => place !== undefined);
    return this.#list;
  }

  #place(fit: Fit, compiled: CompiledPolicy, before: Place | undefined): Place | undefined {
    const endpoint = compiled.endpoint(fit.key);
    const io = this.#sites.get(fit.netns)?.io;
    if (endpoint === undefined || io === undefined) return undefined;
    if (before?.io === io && sameRecord(before.endpoint, endpoint)) return before;
    const { key: _, netns, ...device } = fit;
    const early = this.#parts.xdp && fit.side === 'host' && !fit.l3;
    return { ...device, netns, io, endpoint, early };
  }

  /** Devices came, went or have other names since `places` was asked. */
  get haveChanged(): boolean {
    return this.#fits === undefined;
  }

  /** What `places` said has come to nothing. */
  lookAnew(): void {
    this.#fits = undefined;
  }

  /** Know of devices before the kernel tells of them, as far as they are there. @throws {KernelError} */
  async meet(netns: string, names: readonly string[]): Promise<void> {
    if (!this.#sites.has(netns)) await this.#enter(netns);
    for (const name of names) if ((await this.#sites.get(netns)?.meet(name)) === true) this.#fits = undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const name of [...this.#sites.keys()]) this.#leave(name);
  }

  #look(): readonly Fit[] {
    const fits = new Map<string, Fit>();
    const indexes = new Map(
      [...this.#sites].map(([netns, { devices }]) => [
        netns,
        new Map([...devices].map(([ifindex, { name }]) => [name, ifindex])),
      ]),
    );
    const all = [...this.#endpoints.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, netns = '', side, devices } of all) {
      const site = devices.length === 0 ? undefined : this.#sites.get(netns);
      if (site === undefined) continue;
      for (const ifindex of fitting(site.devices, indexes.get(netns) ?? new Map(), devices)) {
        const { name: device, l3 } = site.devices.get(ifindex) as Device;
        const place = `${netns} ${ifindex}`;
        if (!fits.has(place)) fits.set(place, { netns, ifindex, device, l3, side, key });
      }
    }
    return [...fits.values()];
  }

  #changed(): void {
    this.#fits = undefined;
    this.#parts.changed();
  }

  async #enter(name: string): Promise<boolean> {
    try {
      const io = await this.#parts.open(name);
      if (this.#sites.get(name)?.io === io) return false;
      this.#leave(name);
      this.#sites.set(name, await this.#siteOf(io));
      return true;
    } catch (error) {
      if (!isWeirError(error, 'NOT_FOUND'))
        this.#parts.warn(`endpoints in the namespace "${name}" are not watched: ${messageOf(error)}`);
      this.#leave(name);
      return false;
    }
  }

  async #siteOf(io: NamespaceIo): Promise<Site> {
    const devices = new Map<number, Device>();
    const transport = await io.netlink(NETLINK.ROUTE);
    const note = (wire: Wire, start: number, end: number, type: number) => {
      const { ifiIndex, ifiFamily, ifiType } = decodeIfinfomsg(wire, start, end);
      // what a bridge says of its ports
      if (ifiFamily === AF_BRIDGE) return false;
      const { ifname } = decodeLinkAttrs(wire, start + IFINFOMSG_SIZE, end);
      const before = devices.get(ifiIndex)?.name;
      if (type === RTM_DELLINK) devices.delete(ifiIndex);
      else if (ifname !== undefined) devices.set(ifiIndex, { name: ifname, l3: !FRAMED.includes(ifiType) });
      return devices.get(ifiIndex)?.name !== before;
    };
    const read = async () => {
      devices.clear();
      const payload = payloadOf((out) => encodeIfinfomsg(out, {}));
      await transport.dump(
        { type: RTM_GETLINK, payload, operation: 'devices of endpoints' },
        (...message) => {
          note(message[0], message[1], message[2], RTM_NEWLINK);
        },
      );
    };
    const subscription = await transport.subscribe([RTNLGRP_LINK], {
      message: (wire, start, end, type) => {
        const isLink = type === RTM_NEWLINK || type === RTM_DELLINK;
        if (isLink && note(wire, start, end, type)) this.#changed();
      },
      overrun: () =>
        void read()
          .then(() => this.#changed())
          .catch((error: unknown) => this.#parts.warn(`devices of endpoints: ${messageOf(error)}`)),
    });
    await read();
    const meet = async (ifname: string) => {
      const payload = payloadOf((out) => {
        encodeIfinfomsg(out, {});
        encodeLinkAttrs(out, { ifname, extMask: RTEXT_FILTER_SKIP_STATS });
      });
      const operation = `look up the device ${ifname}`;
      try {
        const [reply] = await transport.request({ type: RTM_GETLINK, payload, operation });
        return reply !== undefined && note(wireOf(reply.payload), 0, reply.payload.length, RTM_NEWLINK);
      } catch (error) {
        if (error instanceof KernelError && error.errno === ERRNO.ENODEV) return false;
        throw error;
      }
    };
    return { io, devices, subscription, meet };
  }

  #leave(name: string): void {
    this.#sites.get(name)?.subscription.close();
    this.#sites.delete(name);
  }

  #lookLater(): void {
    clearTimeout(this.#timer);
    if (![...this.#wanted].some((name) => name !== '')) return;
    this.#timer = setTimeout(() => void this.#lookAgain(), LOOK_MS);
    this.#timer.unref();
  }

  async #lookAgain(): Promise<void> {
    let found = false;
    await this.#parts.refresh();
    for (const name of this.#wanted) if (name !== '') found = (await this.#enter(name)) || found;
    if (found) this.#changed();
    this.#lookLater();
  }
}

function sameRecord(a: EndpointRecord, b: EndpointRecord): boolean {
  return a.endpoint === b.endpoint && a.ingressSet === b.ingressSet && a.egressSet === b.egressSet;
}

function* fitting(
  devices: ReadonlyMap<number, Device>,
  indexes: ReadonlyMap<string, number>,
  names: readonly string[],
): Generator<number> {
  for (const name of names)
    if (name.includes('*')) {
      const fits = pattern(name);
      for (const [ifindex, device] of devices) if (fits.test(device.name)) yield ifindex;
    } else {
      const ifindex = indexes.get(name);
      if (ifindex !== undefined) yield ifindex;
    }
}
