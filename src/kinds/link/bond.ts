// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { WeirError } from '../../base/errors.ts';
import { parseIp, renderIp, renderMac } from '../../base/ip.ts';
import type { BondAdInfoAttrs } from '../../codec/generated/rt-link.ts';
import { type Fields, given, present } from '../fields.ts';
import { deviceName, linkKind } from './kind.ts';
import { bit, type DeclaredKind, fixed, mac, number, type Setting, word } from './setting.ts';

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

const milliseconds = (name: string, description: string) =>
  number(name, `${description}, in milliseconds`, 0, 0x7fff_ffff);

const onOffWord = (name: string, description: string) => word(name, description, ['off', 'on']);

const addressList = (
  name: string,
  bytes: number,
  description: string,
  encode: (address: Uint8Array) => unknown,
): Setting => ({
  schema: Type.Array(Type.String(), { description, maxItems: 16 }),
  canonical: (list: readonly string[]) =>
    list.map((text) => {
      const address = parseIp(text);
      if (address.length !== bytes)
        throw new WeirError('VALUE', { what: `address "${text}"`, problem: 'is of the other family' });
      return renderIp(address);
    }),
  attributes: (list: readonly string[]) => ({ [name]: list.map((text) => encode(parseIp(text))) }),
});

/** How a bond is declared (drivers/net/bonding/bond_netlink.c bond_changelink()). */
export const declaredBond: DeclaredKind = {
  kind: 'bond',
  config: 'CONFIG_BONDING',
  settings: {
    // The kernel changes the mode only of a bond that has no ports and is down.
    mode: fixed(word('mode', 'How the ports share the load', MODES)),
    miimon: milliseconds('miimon', 'Interval of looking for carriers'),
    updelay: milliseconds('updelay', 'Wait before a port counts as up'),
    downdelay: milliseconds('downdelay', 'Wait before a port counts as down'),
    peer_notify_delay: milliseconds('peerNotifDelay', 'Interval of notifications after a fail-over'),
    use_carrier: bit('useCarrier', 'Ask the driver for the carrier'),
    arp_interval: milliseconds('arpInterval', 'Interval of ARP monitoring'),
    arp_missed_max: number('missedMax', 'Missed replies until a port is down', 1, 255),
    arp_ip_target: addressList('arpIpTarget', 4, 'IPv4 addresses that are asked', (address) =>
      address.reduce((number, byte) => number * 256 + byte, 0),
    ),
    ns_ip6_target: addressList('nsIp6Target', 16, 'IPv6 addresses that are asked', (address) => address),
    arp_validate: word('arpValidate', 'Which replies count', ARP_VALIDATE),
    arp_all_targets: word('arpAllTargets', 'How many must reply', ARP_ALL_TARGETS),
    primary_reselect: word('primaryReselect', 'When the primary port returns', PRIMARY_RESELECT),
    fail_over_mac: word('failOverMac', 'Whose hardware address the bond has', FAIL_OVER_MAC),
    xmit_hash_policy: word('xmitHashPolicy', 'What spreads the load', XMIT_HASH_POLICY),
    resend_igmp: number('resendIgmp', 'IGMP reports after a fail-over', 0, 255),
    num_peer_notif: number('numPeerNotif', 'Notifications after a fail-over', 0, 255),
    all_slaves_active: bit('allSlavesActive', 'Take packets on inactive ports'),
    min_links: number('minLinks', 'Ports that must be up', 0, 0x7fff_ffff),
    lp_interval: number('lpInterval', 'Seconds between learning packets', 1, 0x7fff_ffff),
    packets_per_slave: number('packetsPerSlave', 'Packets before the next port', 0, 65535),
    ad_lacp_active: onOffWord('adLacpActive', 'Send LACP data unasked'),
    ad_lacp_rate: word('adLacpRate', 'How often LACP data are asked for', LACP_RATE),
    ad_select: word('adSelect', 'How the aggregator is chosen', AD_SELECT),
    ad_actor_sys_prio: number('adActorSysPrio', 'LACP system priority', 1, 65535),
    ad_user_port_key: number('adUserPortKey', 'Upper bits of the port key', 0, 1023),
    ad_actor_system: mac('adActorSystem', 'LACP system address'),
    tlb_dynamic_lb: bit('tlbDynamicLb', 'Shuffle flows by load'),
    coupled_control: onOffWord('coupledControl', 'LACP collecting and distributing go together'),
  },
};
