// SPDX-License-Identifier: Apache-2.0
import { altHex, given, isSet, present, seconds } from '../fields.ts';
import { renderBridgeId } from './bridge-id.ts';
import { deviceName, portKind } from './kind.ts';

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
