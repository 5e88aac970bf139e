// SPDX-License-Identifier: Apache-2.0
import { NETLINK, type NetlinkProtocol, type NetlinkTransport } from '../kernel/ports.ts';
import type {
  ConntrackStats,
  Drops,
  EthtoolData,
  LinkRow,
  LinkStats,
  NeighbourCount,
  QdiscStats,
  QueueStats,
  RouteRow,
  Source,
  TcpStates,
} from '../metrics/collector.ts';
import type { Churn, PacketCounts, Queueing, RunDelay, TcpTelemetry } from '../metrics/telemetry-rows.ts';
import type { DropRow } from '../model/drop.ts';
import { readConntrack } from './metrics-conntrack.ts';
import type { DeviceFilter } from './metrics-device-filter.ts';
import { dumpEthtool, type EthtoolTable, ethtoolOf } from './metrics-ethtool.ts';
import { dumpLinkStats } from './metrics-link-stats.ts';
import { countNeighbours } from './metrics-neighbours.ts';
import { dumpQdiscs } from './metrics-qdiscs.ts';
import { dumpQueues } from './metrics-queues.ts';
import { streamRoutes } from './metrics-routes.ts';
import { readRunDelays } from './metrics-run-delays.ts';
import type { ScrapedNamespace } from './metrics-scraper.ts';
import { countTcpStates } from './metrics-tcp-states.ts';
import { readChanges, readNeighbourFailures } from './telemetry/churn.ts';
import { dropRows, readDrops } from './telemetry/drops.ts';
import type { ByNamespace } from './telemetry/entries.ts';
import { readPackets } from './telemetry/flows.ts';
import { readPolls, readQdiscDelays, readSoftirqTimes } from './telemetry/queueing.ts';
import { readResets, readTcp } from './telemetry/tcp.ts';
import { NO_TELEMETRY, TelemetryReadings } from './telemetry/telemetry.ts';

/** What collectors of one namespace read from during one scrape. */
export class NamespaceSource implements Source {
  readonly netns: string;
  /** Devices that went away during the scrape. */
  gone = 0;
  readonly #namespace: ScrapedNamespace;
  readonly #filter: DeviceFilter | undefined;
  readonly #signal: AbortSignal;
  readonly #telemetry: TelemetryReadings;
  #links: readonly LinkRow[] | undefined;
  #stats: Promise<LinkStats> | undefined;
  #ethtool: Promise<EthtoolTable> | undefined;

  constructor(
    namespace: ScrapedNamespace,
    filter: DeviceFilter | undefined,
    signal: AbortSignal,
    telemetry: TelemetryReadings = new TelemetryReadings(NO_TELEMETRY),
  ) {
    this.netns = namespace.name;
    this.#namespace = namespace;
    this.#filter = filter;
    this.#signal = signal;
    this.#telemetry = telemetry;
  }

  proc(path: string): Promise<Uint8Array> {
    return this.#namespace.io.proc.read(path);
  }

  sys(path: string): Promise<Uint8Array> {
    return this.#namespace.io.sys.read(path);
  }

  links(): readonly LinkRow[] {
    this.#links ??= this.#shownLinks();
    return this.#links;
  }

  vanished(devices: number): void {
    this.gone += devices;
  }

  linkStats(): Promise<LinkStats> {
    this.#stats ??= this.#route().then((transport) =>
      dumpLinkStats(transport, this.#namespace.snapshot.links().length, this.#signal),
    );
    return this.#stats;
  }

  async qdiscs(): Promise<readonly QdiscStats[]> {
    return dumpQdiscs(await this.#route(), this.#nameOf, this.#signal);
  }

  async neighbourCounts(): Promise<readonly NeighbourCount[]> {
    return countNeighbours(await this.#route(), this.#nameOf, this.#signal);
  }

  async routes(visit: (route: RouteRow) => void, restart: () => void): Promise<void> {
    await streamRoutes(await this.#route(), this.#nameOf, visit, restart, this.#signal);
  }

  async tcpStates(): Promise<TcpStates> {
    return countTcpStates(await this.#netlink(NETLINK.SOCK_DIAG), this.#signal);
  }

  conntrack(): Promise<ConntrackStats> {
    return readConntrack(this.#namespace.io, this.#signal);
  }

  async ethtool(row: LinkRow): Promise<EthtoolData> {
    this.#ethtool ??= dumpEthtool(this.#namespace.io, this.#signal);
    return ethtoolOf(this.#namespace.io, row.link, await this.#ethtool);
  }

  queues(): Promise<QueueStats> {
    return dumpQueues(this.#namespace.io, this.#nameOf, this.#signal);
  }

  async packets(): Promise<readonly PacketCounts[]> {
    return this.#ofDevices(this.#telemetry.once(readPackets));
  }

  async queueing(): Promise<Queueing> {
    return {
      qdiscs: this.#ofDevices(this.#telemetry.once(readQdiscDelays)),
      polls: this.#ofDevices(this.#telemetry.once(readPolls)),
      softirqs: this.#telemetry.once(readSoftirqTimes),
    };
  }

  async tcp(): Promise<TcpTelemetry> {
    return {
      devices: this.#ofDevices(this.#telemetry.once(readTcp)),
      resetsSent: this.#ofDevices(this.#telemetry.once(readResets)),
    };
  }

  async churn(): Promise<Churn> {
    return {
      failures: this.#ofDevices(this.#telemetry.once(readNeighbourFailures)),
      changes: this.#ofDevices(this.#telemetry.once(readChanges)),
    };
  }

  runDelays(): Promise<readonly RunDelay[]> {
    return readRunDelays(this.#namespace.io.proc);
  }

  /** Rows of this namespace with the names of their devices, without those that are gone or not shown. */
  #ofDevices<R extends { readonly ifindex: number }>(rows: ByNamespace<R>): (R & { device: string })[] {
    const own = rows.get(this.#namespace.io.netns.inode) ?? [];
    return own.flatMap((row) => {
      const device = row.ifindex === 0 ? '' : this.#nameOf(row.ifindex);
      return device === undefined ? [] : [{ ...row, device }];
    });
  }

  async drops(): Promise<Drops> {
    const table = await this.#telemetry.once(readDrops);
    const { name: netns, io, snapshot } = this.#namespace;
    const isShown = (row: DropRow) => row.device === '' || this.#filter?.(row.device) !== false;
    const place = { netns, deviceName: (ifindex: number) => snapshot.linkName(ifindex) };
    return { rows: dropRows(table, io.netns.inode, place).filter(isShown), lost: table.lost };
  }

  /** Name of a device that is shown. */
  readonly #nameOf = (ifindex: number): string | undefined => {
    const name = this.#namespace.snapshot.linkName(ifindex);
    return name === undefined || this.#filter?.(name) === false ? undefined : name;
  };

  #shownLinks(): readonly LinkRow[] {
    const links = this.#namespace.snapshot.links();
    const filter = this.#filter;
    return filter === undefined ? links : links.filter(({ link }) => filter(link.ifname));
  }

  #route(): Promise<NetlinkTransport> {
    return this.#netlink(NETLINK.ROUTE);
  }

  #netlink(protocol: NetlinkProtocol): Promise<NetlinkTransport> {
    return this.#namespace.io.netlink(protocol);
  }
}
