// SPDX-License-Identifier: Apache-2.0
import { renderIp, renderMac } from '../../base/ip.ts';
import type { BondAdInfoAttrs } from '../../codec/generated/rt-link.ts';
import { type Fields, given, present } from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';

const MODES = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
];
const ARP_VALIDATE = ['none', 'active', 'backup', 'all', 'filter', 'filter_active', 'filter_backup'];
const ARP_ALL_TARGETS = ['any', 'all'];
const PRIMARY_RESELECT = ['always', 'better', 'failure'];
const FAIL_OVER_MAC = ['none', 'active', 'follow'];
const XMIT_HASH_POLICY = ['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4', 'vlan+srcmac'];
const LACP_RATE = ['slow', 'fast'];
const AD_SELECT = ['stable', 'bandwidth', 'count'];

const named = (names: readonly string[]) => (value: number) => names[value] ?? value;

/** A bond (drivers/net/bonding/bond_netlink.c bond_fill_info()). Times in milliseconds. */
export const bond = linkKind('bond', (d) =>
  present({
    mode: given(d.mode, named(MODES)),
    active_slave: deviceName(d.activeSlave),
    miimon: d.miimon,
    updelay: d.updelay,
    downdelay: d.downdelay,
    peer_notify_delay: d.peerNotifDelay,
    use_carrier: d.useCarrier,
    arp_interval: d.arpInterval,
    arp_missed_max: d.missedMax,
    arp_ip_target: given(d.arpIpTarget, (list) => list.map(renderTarget)),
    ns_ip6_target: given(d.nsIp6Target, (list) => list.map(renderIp)),
    arp_validate: given(d.arpValidate, (value) => (value === 0 ? null : (ARP_VALIDATE[value] ?? value))),
    arp_all_targets: given(d.arpAllTargets, named(ARP_ALL_TARGETS)),
    primary: deviceName(d.primary),
    primary_reselect: given(d.primaryReselect, named(PRIMARY_RESELECT)),
    fail_over_mac: given(d.failOverMac, named(FAIL_OVER_MAC)),
    xmit_hash_policy: given(d.xmitHashPolicy, named(XMIT_HASH_POLICY)),
    resend_igmp: d.resendIgmp,
    num_peer_notif: d.numPeerNotif,
    all_slaves_active: d.allSlavesActive,
    min_links: d.minLinks,
    lp_interval: d.lpInterval,
    packets_per_slave: d.packetsPerSlave,
    ad_lacp_active: given(d.adLacpActive, (on) => (on === 0 ? 'off' : 'on')),
    ad_lacp_rate: given(d.adLacpRate, named(LACP_RATE)),
    ad_select: given(d.adSelect, named(AD_SELECT)),
    ad_info: given(d.adInfo, renderAdInfo),
    ad_actor_sys_prio: d.adActorSysPrio,
    ad_user_port_key: d.adUserPortKey,
    ad_actor_system: given(d.adActorSystem, renderMac),
    tlb_dynamic_lb: d.tlbDynamicLb,
    coupled_control: given(d.coupledControl, (on) => (on === 0 ? 'off' : 'on')),
  }),
);

function renderAdInfo(d: BondAdInfoAttrs): Fields {
  return present({
    aggregator: d.aggregator,
    num_ports: d.numPorts,
    actor_key: d.actorKey,
    partner_key: d.partnerKey,
    partner_mac: given(d.partnerMac, renderMac),
  });
}

/** The codec gives the address in host order. */
function renderTarget(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
