// SPDX-License-Identifier: Apache-2.0
import { given, isSet, present, whenSet } from '../fields.ts';
import { linkKind } from './kind.ts';
import { type DeclaredKind, fixed, number, onOff, word } from './setting.ts';

/** IFF_TUN and IFF_TAP (include/uapi/linux/if_tun.h). */
const TYPES: Readonly<Record<number, string>> = { 1: 'tun', 2: 'tap' };

/**
 * A TUN or TAP device (drivers/net/tun.c tun_fill_info()). Owner and group are numbers here: their names are
 * the node's.
 */
export const tun = linkKind('tun', (d) =>
  present({
    type: given(d.type, (type) => TYPES[type] ?? type),
    pi: isSet(d.pi),
    vnet_hdr: isSet(d.vnetHdr),
    multi_queue: isSet(d.multiQueue),
    numqueues: whenSet(d.multiQueue) && d.numQueues,
    numdisabled: whenSet(d.multiQueue) && d.numDisabledQueues,
    persist: isSet(d.persist),
    user: d.owner,
    group: d.group,
  }),
);

/** How a TUN or TAP device is declared: its driver takes nothing by netlink, and nothing after creation. */
export const declaredTun: DeclaredKind = {
  kind: 'tun',
  config: 'CONFIG_TUN',
  required: ['type'],
  settings: {
    type: fixed(word('type', 'IP packets or Ethernet frames', TYPES)),
    pi: fixed(onOff('pi', 'Packet information before each packet')),
    vnet_hdr: fixed(onOff('vnetHdr', 'A virtio header before each packet')),
    multi_queue: fixed(onOff('multiQueue', 'Several queues')),
    user: fixed(number('owner', 'User id that may attach', 0, 0xffff_fffe)),
    group: fixed(number('group', 'Group id that may attach', 0, 0xffff_fffe)),
  },
};
