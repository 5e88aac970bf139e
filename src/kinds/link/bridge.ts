// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { renderMac } from '../../base/ip.ts';
import { altHex, type Fields, given, present, seconds, toNumber } from '../fields.ts';
import { renderBridgeId } from './bridge-id.ts';
import { etherProtocolName } from './ether-protocols.ts';
import { linkKind } from './kind.ts';
import { bit, type DeclaredKind, hexadecimal, mac, number, shared, wide, word } from './setting.ts';

/** BR_BOOLOPT_* by bit (include/uapi/linux/if_bridge.h). */
const BOOLEAN_OPTIONS = [
  'no_linklocal_learn',
  'mcast_vlan_snooping',
  'mst_enabled',
  'mdb_offload_fail_notification',
] as const;

/** A bridge (net/bridge/br_netlink.c br_fill_info()). Times in centiseconds, timers in seconds. */
export const bridge = linkKind('bridge', (d) =>
  present({
    forward_delay: d.forwardDelay,
    hello_time: d.helloTime,
    max_age: d.maxAge,
    ageing_time: d.ageingTime,
    stp_state: d.stpState,
    priority: d.priority,
    vlan_filtering: d.vlanFiltering,
    vlan_protocol: given(d.vlanProtocol, etherProtocolName),
    bridge_id: given(d.bridgeId, renderBridgeId),
    root_id: given(d.rootId, renderBridgeId),
    root_port: d.rootPort,
    root_path_cost: d.rootPathCost,
    topology_change: d.topologyChange,
    topology_change_detected: d.topologyChangeDetected,
    hello_timer: seconds(d.helloTimer),
    tcn_timer: seconds(d.tcnTimer),
    topology_change_timer: seconds(d.topologyChangeTimer),
    gc_timer: seconds(d.gcTimer),
    fdb_n_learned: d.fdbNLearned,
    fdb_max_learned: d.fdbMaxLearned,
    vlan_default_pvid: d.vlanDefaultPvid,
    vlan_stats_enabled: d.vlanStatsEnabled,
    vlan_stats_per_port: d.vlanStatsPerPort,
    group_fwd_mask: given(d.groupFwdMask, altHex),
    group_addr: given(d.groupAddr, renderMac),
    ...given(d.multiBoolopt, booleanOptions),
    ...multicast(d),
    nf_call_iptables: d.nfCallIptables,
    nf_call_ip6tables: d.nfCallIp6Tables,
    nf_call_arptables: d.nfCallArptables,
  }),
);

type BridgeData = Parameters<Parameters<typeof linkKind<'bridge'>>[1]>[0];

function multicast(d: BridgeData): Fields {
  return {
    mcast_snooping: d.mcastSnooping,
    mcast_router: d.mcastRouter,
    mcast_query_use_ifaddr: d.mcastQueryUseIfaddr,
    mcast_querier: d.mcastQuerier,
    mcast_hash_elasticity: d.mcastHashElasticity,
    mcast_hash_max: d.mcastHashMax,
    mcast_last_member_cnt: d.mcastLastMemberCnt,
    mcast_startup_query_cnt: d.mcastStartupQueryCnt,
    mcast_last_member_intvl: toNumber(d.mcastLastMemberIntvl),
    mcast_membership_intvl: toNumber(d.mcastMembershipIntvl),
    mcast_querier_intvl: toNumber(d.mcastQuerierIntvl),
    mcast_query_intvl: toNumber(d.mcastQueryIntvl),
    mcast_query_response_intvl: toNumber(d.mcastQueryResponseIntvl),
    mcast_startup_query_intvl: toNumber(d.mcastStartupQueryIntvl),
    mcast_stats_enabled: d.mcastStatsEnabled,
    mcast_igmp_version: d.mcastIgmpVersion,
    mcast_mld_version: d.mcastMldVersion,
  };
}

function booleanOptions(options: { readonly optval: number; readonly optmask: number }): Fields {
  const fields: Fields = {};
  for (const [bit, name] of BOOLEAN_OPTIONS.entries())
    if ((options.optmask & (1 << bit)) !== 0) fields[name] = (options.optval >> bit) & 1;
  return fields;
}

/** How a bridge is declared (net/bridge/br_netlink.c br_changelink()). Times in centiseconds. */
export const declaredBridge: DeclaredKind = {
  kind: 'bridge',
  config: 'CONFIG_BRIDGE',
  settings: {
    forward_delay: number('forwardDelay', 'Centiseconds in listening and in learning', 0, 3000),
    hello_time: number('helloTime', 'Centiseconds between hello packets', 100, 1000),
    max_age: number('maxAge', 'Centiseconds until a silent root is given up', 600, 4000),
    ageing_time: number('ageingTime', 'Centiseconds until a learnt address is forgotten', 0, 36_000_000),
    stp_state: number('stpState', 'Spanning tree: 0 off, 1 on', 0, 1),
    priority: number('priority', 'Bridge priority', 0, 65535),
    vlan_filtering: { ...bit('vlanFiltering', 'VLAN filtering'), silent: 0 },
    vlan_protocol: word('vlanProtocol', 'Tag protocol', { 33024: '802.1Q', 34984: '802.1ad' }),
    fdb_max_learned: number('fdbMaxLearned', 'Learnt addresses at most, 0 without limit', 0, 0xffff_ffff),
    vlan_default_pvid: number('vlanDefaultPvid', 'VLAN of untagged packets on new ports', 0, 4094),
    vlan_stats_enabled: { ...bit('vlanStatsEnabled', 'Statistics per VLAN'), silent: 0 },
    vlan_stats_per_port: { ...bit('vlanStatsPerPort', 'Statistics per VLAN and port'), silent: 0 },
    group_fwd_mask: hexadecimal('groupFwdMask', 'Link-local groups that are forwarded', 0xfff8),
    group_addr: mac('groupAddr', 'Group address of the spanning tree'),
    ...Object.fromEntries(
      BOOLEAN_OPTIONS.map((name) => [
        name,
        shared(Type.Integer({ description: `${name}: 0 or 1`, minimum: 0, maximum: 1 }), undefined, 0),
      ]),
    ),
    mcast_snooping: bit('mcastSnooping', 'Multicast snooping'),
    mcast_router: number('mcastRouter', 'Multicast router: 0 never, 1 learnt, 2 always', 0, 2),
    mcast_query_use_ifaddr: bit('mcastQueryUseIfaddr', 'Queries carry the own address'),
    mcast_querier: bit('mcastQuerier', 'Send queries'),
    mcast_hash_max: number('mcastHashMax', 'Size of the multicast table', 1, 0xffff_ffff),
    mcast_last_member_cnt: number('mcastLastMemberCnt', 'Queries before a group is left', 0, 0xffff_ffff),
    mcast_startup_query_cnt: number('mcastStartupQueryCnt', 'Queries at start', 0, 0xffff_ffff),
    mcast_last_member_intvl: wide('mcastLastMemberIntvl', 'Centiseconds between them'),
    mcast_membership_intvl: wide('mcastMembershipIntvl', 'Centiseconds until a membership ends'),
    mcast_querier_intvl: wide('mcastQuerierIntvl', 'Centiseconds until another querier is given up'),
    mcast_query_intvl: wide('mcastQueryIntvl', 'Centiseconds between queries'),
    mcast_query_response_intvl: wide('mcastQueryResponseIntvl', 'Centiseconds to answer in'),
    mcast_startup_query_intvl: wide('mcastStartupQueryIntvl', 'Centiseconds between queries at start'),
    mcast_stats_enabled: bit('mcastStatsEnabled', 'Multicast statistics'),
    mcast_igmp_version: number('mcastIgmpVersion', 'IGMP version', 2, 3),
    mcast_mld_version: number('mcastMldVersion', 'MLD version', 1, 2),
    nf_call_iptables: bit('nfCallIptables', 'IPv4 packets pass netfilter'),
    nf_call_ip6tables: bit('nfCallIp6Tables', 'IPv6 packets pass netfilter'),
    nf_call_arptables: bit('nfCallArptables', 'ARP packets pass netfilter'),
  },
  joined(changed) {
    let [optval, optmask] = [0, 0];
    for (const [place, name] of BOOLEAN_OPTIONS.entries()) {
      if (changed[name] === undefined) continue;
      optmask |= 1 << place;
      if (changed[name] === 1) optval |= 1 << place;
    }
    return optmask === 0 ? {} : { multiBoolopt: { optval, optmask } };
  },
};
