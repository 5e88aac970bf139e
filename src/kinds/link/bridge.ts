// SPDX-License-Identifier: Apache-2.0
import { renderMac } from '../../base/ip.ts';
import { altHex, type Fields, given, present, seconds, toNumber } from '../fields.ts';
import { renderBridgeId } from './bridge-id.ts';
import { etherProtocolName } from './ether-protocols.ts';
import { linkKind } from './kind.ts';

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
