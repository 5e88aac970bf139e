// SPDX-License-Identifier: Apache-2.0
import { wireOf } from '../../base/wire.ts';
import { decodeRingsAttrs, ETHTOOL_MSG_RINGS_GET, encodeRingsAttrs } from '../../codec/generated/ethtool.ts';
import { GENLMSGHDR_SIZE } from '../../codec/generated/netlink.ts';
import { type NamespaceIo, NETLINK } from '../../kernel/ports.ts';
import type { LinkRow } from '../../metrics/collector.ts';
import type { Spec } from '../../model/object.ts';
import { genericFamily, genericPayload } from '../metrics-generic-family.ts';
import { dumpQueues } from '../metrics-queues.ts';
import { readDevice } from '../state/devices.ts';
import { optional } from './optional.ts';

/** What lets itself be set of a device, what bounds that, and its interrupts. */
export interface DeviceSettings {
  readonly settings: Spec;
  readonly ringsMax?: { readonly rx: number; readonly tx: number };
  readonly irqs: readonly number[];
}

/** Devices beyond this number are bridges' ports and containers: reading them all would take seconds. */
const MOST_DEVICES = 64;

/** By ifindex, hardware first. */
export async function deviceSettings(
  io: NamespaceIo,
  rows: readonly LinkRow[],
): Promise<ReadonlyMap<number, DeviceSettings>> {
  const rank = ({ link }: LinkRow) => (link.parentdev === undefined ? 1 : 0);
  const chosen = rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_DEVICES);
  const irqs = await napiIrqs(io);
  const found = new Map<number, DeviceSettings>();
  for (const { link } of chosen) {
    const settings = await optional(() => readDevice(io, link.ifname, link.ifindex));
    const ringsMax = settings?.['rings'] === undefined ? undefined : await readRingsMax(io, link.ifindex);
    const own = irqs.get(link.ifindex) ?? [];
    found.set(link.ifindex, { settings: settings ?? {}, ...(ringsMax && { ringsMax }), irqs: own });
  }
  return found;
}

/** Interrupts of the queues of devices, from the netdev family (Linux 6.8). */
async function napiIrqs(io: NamespaceIo): Promise<ReadonlyMap<number, number[]>> {
  const { signal } = new AbortController();
  const queues = await optional(() => dumpQueues(io, String, signal));
  const found = new Map<number, number[]>();
  for (const { ifindex, irq } of queues?.napis ?? [])
    if (irq !== undefined) found.set(ifindex, [...(found.get(ifindex) ?? []), irq]);
  return found;
}

async function readRingsMax(io: NamespaceIo, devIndex: number): Promise<DeviceSettings['ringsMax']> {
  return optional(async () => {
    const transport = await io.netlink(NETLINK.GENERIC);
    const [reply] = await transport.request({
      type: await genericFamily(transport, 'ethtool'),
      payload: genericPayload(ETHTOOL_MSG_RINGS_GET, (out) =>
        encodeRingsAttrs(out, { header: { devIndex } }),
      ),
      operation: `read the largest rings of device ${devIndex}`,
    });
    const bytes = reply?.payload ?? new Uint8Array(0);
    const { rxMax = 0, txMax = 0 } = decodeRingsAttrs(wireOf(bytes), GENLMSGHDR_SIZE, bytes.length);
    return { rx: rxMax, tx: txMax };
  });
}
