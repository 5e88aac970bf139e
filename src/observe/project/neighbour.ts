// SPDX-License-Identifier: Apache-2.0
import { renderIp, renderMac } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import { decodeNdmsg, decodeNeighAttrs, NDMSG_SIZE } from '../../codec/generated/rt-neigh.ts';
import { given, present } from '../../kinds/fields.ts';
import { AF_INET, AF_INET6 } from '../../model/names/families.ts';
import { neighbourStateNames } from '../../model/names/neighbour-states.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import type { Neighbour } from '../../model/neighbour.ts';
import type { DeviceNames } from './device-names.ts';

const NTF_PROXY = 0x08;
const NTF_EXT_LEARNED = 0x10;
const NTF_OFFLOADED = 0x20;
const NTF_ROUTER = 0x80;
const NTF_EXT_MANAGED = 0x01;

/** A key without a value, which `ip` writes for a flag. */
const flag = (bits: number, bit: number) => ((bits & bit) !== 0 ? null : undefined);

/**
 * A neighbour from a RTM_NEWNEIGH or RTM_DELNEIGH message (net/core/neighbour.c neigh_fill_info()).
 *
 * @returns undefined for what is no IP neighbour: a bridge's forwarding entries come in the same messages.
 * @throws {WeirError} `DECODE`.
 */
export function projectNeighbour(
  wire: Wire,
  start: number,
  end: number,
  names: DeviceNames,
): Neighbour | undefined {
  const header = decodeNdmsg(wire, start, Math.min(end, start + NDMSG_SIZE));
  const { ndmFamily: family, ndmIfindex: ifindex, ndmFlags: flags, ndmState: state } = header;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const a = decodeNeighAttrs(wire, start + NDMSG_SIZE, end);
  return present({
    dst: given(a.ndaDst, renderIp),
    dev: names(ifindex),
    ifindex,
    lladdr: given(a.ndaLladdr, renderLinkAddress),
    router: flag(flags, NTF_ROUTER),
    proxy: flag(flags, NTF_PROXY),
    managed: flag(a.ndaFlagsExt ?? 0, NTF_EXT_MANAGED),
    extern_learn: flag(flags, NTF_EXT_LEARNED),
    offload: flag(flags, NTF_OFFLOADED),
    state: state === 0 ? undefined : neighbourStateNames(state),
    protocol: given(a.ndaProtocol, rtProtoName),
  }) as unknown as Neighbour;
}

/** Tunnels have IP addresses for link-layer addresses. */
function renderLinkAddress(address: Uint8Array): string {
  return address.length === 4 || address.length === 16 ? renderIp(address) : renderMac(address);
}
