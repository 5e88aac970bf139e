// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../base/kernel-error.ts';
import type { Wire } from '../base/wire.ts';
import type { Encoder } from '../codec/encoder.ts';
import {
  decodeFecAttrs,
  decodeLinkmodesAttrs,
  decodePauseAttrs,
  decodeStatsAttrs,
  ETHTOOL_FLAG_STATS,
  ETHTOOL_MSG_FEC_GET,
  ETHTOOL_MSG_LINKMODES_GET,
  ETHTOOL_MSG_PAUSE_GET,
  ETHTOOL_MSG_STATS_GET,
  encodeFecAttrs,
  encodeLinkmodesAttrs,
  encodePauseAttrs,
  encodeStatsAttrs,
  type FecAttrs,
  type HeaderAttrs,
  type LinkmodesAttrs,
  type PauseAttrs,
  type StatsAttrs,
} from '../codec/generated/ethtool.ts';
import { GENLMSGHDR_SIZE } from '../codec/generated/netlink.ts';
import { type NamespaceIo, NETLINK } from '../kernel/ports.ts';
import type { EthtoolData, EthtoolLinkModes } from '../metrics/collector.ts';
import type { Link } from '../model/link.ts';
import { STANDARD_GROUPS } from './metrics-ethtool-groups.ts';
import { genericFamily, genericPayload } from './metrics-generic-family.ts';

type Statistics = readonly (readonly [name: string, value: bigint])[];

/** What the ethtool family tells of all devices, by ifindex; a device whose driver does not answer is absent. */
export interface EthtoolTable {
  readonly modes: ReadonlyMap<number, LinkmodesAttrs>;
  readonly stats: ReadonlyMap<number, StatsAttrs>;
  readonly pause: ReadonlyMap<number, PauseAttrs>;
  readonly fec: ReadonlyMap<number, FecAttrs>;
}

/** Dump one command of the family. */
type Dump = <T extends { readonly header?: HeaderAttrs }>(
  command: number,
  attributes: (out: Encoder) => void,
  decode: (wire: Wire, start: number, end: number) => T,
) => Promise<ReadonlyMap<number, T>>;

/** One bit for each of ETHTOOL_STATS_*. */
const ALL_GROUPS = {
  nomask: true,
  size: STANDARD_GROUPS.length,
  value: Uint8Array.of(0xf, 0, 0, 0),
} as const;

/**
 * Read the link modes and the standard statistics of all devices: four dumps, however many devices there are.
 *
 * @throws {WeirError} `NO_DATA` on a kernel without the family.
 * @see net/ethtool/netlink.c ethnl_default_dumpit()
 */
export async function dumpEthtool(io: NamespaceIo, signal: AbortSignal): Promise<EthtoolTable> {
  const transport = await io.netlink(NETLINK.GENERIC);
  const type = await genericFamily(transport, 'ethtool');
  const dump: Dump = async (command, attributes, decode) => {
    const found = new Map<number, ReturnType<typeof decode>>();
    await unlessRefused(
      transport.dump(
        { type, payload: genericPayload(command, attributes), operation: `ethtool dump ${command}` },
        (wire, start, end) => {
          const attrs = decode(wire, start + GENLMSGHDR_SIZE, end);
          found.set(attrs.header?.devIndex ?? 0, attrs);
        },
        { restart: () => found.clear(), signal },
      ),
    );
    return found;
  };
  const header = { flags: ETHTOOL_FLAG_STATS };
  return {
    modes: await dump(
      ETHTOOL_MSG_LINKMODES_GET,
      (out) => encodeLinkmodesAttrs(out, { header: {} }),
      decodeLinkmodesAttrs,
    ),
    stats: await dump(
      ETHTOOL_MSG_STATS_GET,
      (out) => encodeStatsAttrs(out, { header: {}, groups: ALL_GROUPS }),
      decodeStatsAttrs,
    ),
    pause: await dump(ETHTOOL_MSG_PAUSE_GET, (out) => encodePauseAttrs(out, { header }), decodePauseAttrs),
    fec: await dump(ETHTOOL_MSG_FEC_GET, (out) => encodeFecAttrs(out, { header }), decodeFecAttrs),
  };
}

/** A kernel that lacks one command still has the others. */
async function unlessRefused(dumped: Promise<void>): Promise<void> {
  try {
    await dumped;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
  }
}

/** What is known of one device: from the table, and from the ioctl what the family does not have. */
export function ethtoolOf(io: NamespaceIo, { ifindex, ifname }: Link, table: EthtoolTable): EthtoolData {
  const modes = table.modes.get(ifindex);
  return {
    ...driverOf(io, ifname),
    groups: standardGroups(table, ifindex),
    ...(modes === undefined ? {} : { linkModes: linkModesOf(modes) }),
  };
}

/** Nothing where the driver does not answer. */
function driverOf(io: NamespaceIo, ifname: string): Pick<EthtoolData, 'driver' | 'strings'> {
  try {
    const { statistics, ...told } = io.ethtool(ifname);
    const driver = {
      driver: told.driver,
      version: told.version,
      firmware_version: told.firmwareVersion,
      bus_info: told.busInfo,
      expansion_rom_version: told.expansionRomVersion,
    };
    return { driver, strings: statistics };
  } catch (error) {
    if (error instanceof KernelError) return { strings: [] };
    throw error;
  }
}

function standardGroups(table: EthtoolTable, ifindex: number): ReadonlyMap<string, Statistics> {
  const groups = new Map<string, Statistics>();
  for (const { id = -1, stat = [] } of table.stats.get(ifindex)?.grp ?? []) {
    const group = STANDARD_GROUPS[id];
    if (group !== undefined)
      keep(
        groups,
        group.name,
        stat.map((one) => [group.statistics[one.id], one.value]),
      );
  }
  const pause = table.pause.get(ifindex)?.stats;
  keep(groups, 'pause', [
    ['tx_frames', pause?.txFrames],
    ['rx_frames', pause?.rxFrames],
  ]);
  const fec = table.fec.get(ifindex)?.stats;
  keep(groups, 'fec', [
    ['corrected_blocks', fec?.corrected?.[0]],
    ['uncorrectable_blocks', fec?.uncorr?.[0]],
    ['corrected_bits', fec?.corrBits?.[0]],
  ]);
  return groups;
}

/** Keep what has a name and what the driver counts. */
function keep(
  groups: Map<string, Statistics>,
  name: string,
  entries: readonly (readonly [name: string | undefined, value: bigint | undefined])[],
): void {
  const counted = entries.flatMap(([key, value]) =>
    key === undefined || value === undefined ? [] : [[key, value] as const],
  );
  if (counted.length > 0) groups.set(name, counted);
}

/** In `ours` the mask is what is supported and the value what is advertised. */
function linkModesOf(modes: LinkmodesAttrs): EthtoolLinkModes {
  const bits = modes.ours?.bits?.bit ?? [];
  return {
    autoneg: modes.autoneg === 1,
    supported: bits.map((bit) => bit.name ?? ''),
    advertised: bits.filter((bit) => bit.value === true).map((bit) => bit.name ?? ''),
  };
}
