// SPDX-License-Identifier: Apache-2.0
import { altHex, given, isSet, present, seconds } from '../fields.ts';
import { renderBridgeId } from './bridge-id.ts';
import { deviceName, portKind } from './kind.ts';
import { device, hexadecimal, number, onOff, type Settings } from './setting.ts';

/** BR_STATE_* in order (include/uapi/linux/if_bridge.h). */
const STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

/** A port of a bridge (net/bridge/br_netlink.c br_port_fill_attrs()). Timers in seconds. */
export const bridgePort = portKind('bridge', (d) =>
  present({
    state: given(d.state, (state) => STATES[state] ?? state),
    priority: d.priority,
    cost: d.cost,
    hairpin: isSet(d.mode),
    guard: isSet(d.guard),
    root_block: isSet(d.protect),
    fastleave: isSet(d.fastLeave),
    learning: isSet(d.learning),
    flood: isSet(d.unicastFlood),
    id: given(d.id, altHex),
    no: given(d.no, altHex),
    designated_port: d.designatedPort,
    designated_cost: d.designatedCost,
    bridge_id: given(d.bridgeId, renderBridgeId),
    root_id: given(d.rootId, renderBridgeId),
    hold_timer: seconds(d.holdTimer),
    message_age_timer: seconds(d.messageAgeTimer),
    forward_delay_timer: seconds(d.forwardDelayTimer),
    topology_change_ack: d.topologyChangeAck,
    config_pending: d.configPending,
    proxy_arp: isSet(d.proxyarp),
    proxy_arp_wifi: isSet(d.proxyarpWifi),
    multicast_router: d.multicastRouter,
    mcast_flood: isSet(d.mcastFlood),
    bcast_flood: isSet(d.bcastFlood),
    mcast_to_unicast: isSet(d.mcastToUcast),
    neigh_suppress: isSet(d.neighSuppress),
    neigh_vlan_suppress: isSet(d.neighVlanSuppress),
    group_fwd_mask: given(d.groupFwdMask, altHex),
    group_fwd_mask_str: given(d.groupFwdMask, (mask) => `0x${mask.toString(16)}`),
    vlan_tunnel: isSet(d.vlanTunnel),
    isolated: isSet(d.isolated),
    locked: isSet(d.locked),
    mab: isSet(d.mab),
    mcast_n_groups: d.mcastNGroups,
    mcast_max_groups: d.mcastMaxGroups,
    backup_port: deviceName(d.backupPort),
    backup_nhid: d.backupNhid,
  }),
);

/** How a port of a bridge is declared (net/bridge/br_netlink.c br_setport()). */
export const declaredBridgePort: Settings = {
  priority: number('priority', 'Priority of the port', 0, 63),
  cost: number('cost', 'Path cost', 1, 65535),
  hairpin: onOff('mode', 'Send back where it came from'),
  guard: onOff('guard', 'Ignore bridge protocol data'),
  root_block: onOff('protect', 'Never the root port'),
  fastleave: onOff('fastLeave', 'Leave multicast groups at once'),
  learning: onOff('learning', 'Learn addresses'),
  flood: onOff('unicastFlood', 'Flood unknown unicast'),
  proxy_arp: onOff('proxyarp', 'Answer ARP for others'),
  proxy_arp_wifi: onOff('proxyarpWifi', 'Answer ARP for others, for wireless'),
  multicast_router: number(
    'multicastRouter',
    'Multicast router: 0 never, 1 learnt, 2 always, 3 until silent',
    0,
    3,
  ),
  mcast_flood: onOff('mcastFlood', 'Flood unknown multicast'),
  bcast_flood: onOff('bcastFlood', 'Flood broadcast'),
  mcast_to_unicast: onOff('mcastToUcast', 'Multicast as unicast to each member'),
  neigh_suppress: onOff('neighSuppress', 'Answer for known neighbours'),
  neigh_vlan_suppress: onOff('neighVlanSuppress', 'The same per VLAN'),
  group_fwd_mask: hexadecimal('groupFwdMask', 'Link-local groups that are forwarded', 0xffff),
  vlan_tunnel: onOff('vlanTunnel', 'Map VLANs to tunnel ids'),
  isolated: onOff('isolated', 'Nothing between isolated ports'),
  locked: onOff('locked', 'Only known sources'),
  mab: onOff('mab', 'Learn locked entries'),
  mcast_max_groups: number('mcastMaxGroups', 'Multicast groups at most, 0 without limit', 0, 0xffff_ffff),
  backup_port: device('backupPort', 'Port that takes over while this one has no carrier'),
  backup_nhid: number('backupNhid', 'Nexthop of the backup port', 0, 0xffff_ffff),
};
