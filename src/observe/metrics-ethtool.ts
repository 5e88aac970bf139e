// SPDX-License-Identifier: Apache-2.0
import { KernelError } from '../base/kernel-error.ts';
import { type Wire, wireOf } from '../base/wire.ts';
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
  type LinkmodesAttrs,
} from '../codec/generated/ethtool.ts';
import { GENLMSGHDR_SIZE } from '../codec/generated/netlink.ts';
import { type NamespaceIo, NETLINK, type NetlinkTransport } from '../kernel/ports.ts';
import type { EthtoolData, EthtoolLinkModes } from '../metrics/collector.ts';
import type { Link } from '../model/link.ts';
import { STANDARD_GROUPS } from './metrics-ethtool-groups.ts';
import { genericFamily, genericPayload } from './metrics-generic-family.ts';

type Statistics = readonly (readonly [name: string, value: bigint])[];
/** Ask one thing of one device; undefined where its driver does not answer. */
type Ask = <T>(
  command: number,
  attributes: (out: Encoder) => void,
  decode: (wire: Wire, start: number, end: number) => T,
) => Promise<T | undefined>;

/** One bit for each of ETHTOOL_STATS_*. */
const ALL_GROUPS = {
  nomask: true,
  size: STANDARD_GROUPS.length,
  value: Uint8Array.of(0xf, 0, 0, 0),
} as const;

/**
 * Read what a device tells through ethtool: link modes and the standard statistics by netlink, the driver and its own
 * statistics by ioctl.
 *
 * @throws {WeirError} `NO_DATA` on a kernel without the family.
 * @see net/ethtool/netlink.c
 */
export async function readEthtool(io: NamespaceIo, { ifindex, ifname }: Link): Promise<EthtoolData> {
  const transport = await io.netlink(NETLINK.GENERIC);
  const type = await genericFamily(transport, 'ethtool');
  const ask: Ask = (command, attributes, decode) =>
    answerOf(transport, type, ifindex, genericPayload(command, attributes), decode);
  const header = { devIndex: ifindex };
  const modes = await ask(
    ETHTOOL_MSG_LINKMODES_GET,
    (out) => encodeLinkmodesAttrs(out, { header }),
    decodeLinkmodesAttrs,
  );
  const groups = await standardGroups(ask, ifindex);
  return {
    ...driverOf(io, ifname),
    groups,
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

async function answerOf<T>(
  transport: NetlinkTransport,
  type: number,
  ifindex: number,
  payload: Uint8Array,
  decode: (wire: Wire, start: number, end: number) => T,
): Promise<T | undefined> {
  try {
    const [reply] = await transport.request({ type, payload, operation: `ethtool get of device ${ifindex}` });
    return reply && decode(wireOf(reply.payload), GENLMSGHDR_SIZE, reply.payload.length);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

async function standardGroups(ask: Ask, ifindex: number): Promise<ReadonlyMap<string, Statistics>> {
  const groups = new Map<string, Statistics>();
  const stats = await ask(
    ETHTOOL_MSG_STATS_GET,
    (out) => encodeStatsAttrs(out, { header: { devIndex: ifindex }, groups: ALL_GROUPS }),
    decodeStatsAttrs,
  );
  for (const { id = -1, stat = [] } of stats?.grp ?? []) {
    const group = STANDARD_GROUPS[id];
    if (group === undefined || stat.length === 0) continue;
    groups.set(
      group.name,
      stat.flatMap((one) => {
        const name = group.statistics[one.id];
        return name === undefined ? [] : [[name, one.value] as const];
      }),
    );
  }
  const header = { devIndex: ifindex, flags: ETHTOOL_FLAG_STATS };
  const pause = await ask(
    ETHTOOL_MSG_PAUSE_GET,
    (out) => encodePauseAttrs(out, { header }),
    decodePauseAttrs,
  );
  keep(groups, 'pause', [
    ['tx_frames', pause?.stats?.txFrames],
    ['rx_frames', pause?.stats?.rxFrames],
  ]);
  const fec = await ask(ETHTOOL_MSG_FEC_GET, (out) => encodeFecAttrs(out, { header }), decodeFecAttrs);
  keep(groups, 'fec', [
    ['corrected_blocks', fec?.stats?.corrected?.[0]],
    ['uncorrectable_blocks', fec?.stats?.uncorr?.[0]],
    ['corrected_bits', fec?.stats?.corrBits?.[0]],
  ]);
  return groups;
}

/** Keep what the driver counts. */
function keep(
  groups: Map<string, Statistics>,
  name: string,
  entries: readonly (readonly [name: string, value: bigint | undefined])[],
): void {
  const counted = entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
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
