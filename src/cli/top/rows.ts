// SPDX-License-Identifier: Apache-2.0
import { type DeviceRates, type QueueRates, sumRates } from './rates.ts';

/** One line of the list: a device, or the sum of a namespace above its devices. */
export type Row =
  | { readonly kind: 'device'; readonly device: DeviceRates }
  | { readonly kind: 'namespace'; readonly sum: DeviceRates };

/** The lines for `devices`, which are in order already. Groups come in the order of their first device. */
export function listRows(devices: readonly DeviceRates[], grouped: boolean): readonly Row[] {
  const asRow = (device: DeviceRates): Row => ({ kind: 'device', device });
  if (!grouped) return devices.map(asRow);
  const groups = new Map<string, DeviceRates[]>();
  for (const device of devices) {
    const group = groups.get(device.netns);
    if (group === undefined) groups.set(device.netns, [device]);
    else group.push(device);
  }
  return [...groups].flatMap(([netns, members]): Row[] => [
    { kind: 'namespace', sum: sumOf(netns, members) },
    ...members.map(asRow),
  ]);
}

function sumOf(netns: string, members: readonly DeviceRates[]): DeviceRates {
  return {
    key: netns,
    netns,
    ifname: netns || '(own)',
    operstate: '',
    kind: '',
    qdisc: '',
    rx: sumRates(members, 'rx'),
    tx: sumRates(members, 'tx'),
    queue: sumQueues(members.flatMap((member) => member.queue ?? [])),
    errorsEver: members.reduce((sum, member) => sum + member.errorsEver, 0),
  };
}

function sumQueues(queues: readonly QueueRates[]): QueueRates | undefined {
  if (queues.length === 0) return undefined;
  const sum = (field: keyof QueueRates) => queues.reduce((total, queue) => total + queue[field], 0);
  return {
    backlog: sum('backlog'),
    qlen: sum('qlen'),
    dropsPerSecond: sum('dropsPerSecond'),
    requeuesPerSecond: sum('requeuesPerSecond'),
    overlimitsPerSecond: sum('overlimitsPerSecond'),
  };
}
