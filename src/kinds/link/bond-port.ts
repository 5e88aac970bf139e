// SPDX-License-Identifier: Apache-2.0
import { renderMac } from '../../base/ip.ts';
import { given, present } from '../fields.ts';
import { portKind } from './kind.ts';
import { number, type Settings } from './setting.ts';

const STATES = ['ACTIVE', 'BACKUP'];
const MII_STATUS = ['UP', 'GOING_DOWN', 'DOWN', 'GOING_BACK'];
/** LACP_STATE_* by bit (drivers/net/bonding/bond_3ad.c). */
const PORT_STATES = [
  'active',
  'short_timeout',
  'aggregating',
  'in_sync',
  'collecting',
  'distributing',
  'defaulted',
  'expired',
];

const stateNames = (state: number) => PORT_STATES.filter((_, bit) => (state & (1 << bit)) !== 0);

/** A port of a bond (drivers/net/bonding/bond_netlink.c bond_fill_slave_info()). */
export const bondPort = portKind('bond', (d) =>
  present({
    state: given(d.state, (state) => STATES[state] ?? state),
    mii_status: given(d.miiStatus, (status) => MII_STATUS[status] ?? status),
    link_failure_count: d.linkFailureCount,
    perm_hwaddr: given(d.permHwaddr, renderMac),
    queue_id: d.queueId,
    prio: d.prio,
    ad_aggregator_id: d.adAggregatorId,
    ad_actor_oper_port_state: d.adActorOperPortState,
    ad_actor_oper_port_state_str: given(d.adActorOperPortState, stateNames),
    ad_partner_oper_port_state: d.adPartnerOperPortState,
    ad_partner_oper_port_state_str: given(d.adPartnerOperPortState, stateNames),
  }),
);

/** How a port of a bond is declared (drivers/net/bonding/bond_netlink.c bond_slave_changelink()). */
export const declaredBondPort: Settings = {
  queue_id: number('queueId', 'Transmit queue', 0, 65535),
  prio: number('prio', 'Precedence when the active port fails', -0x8000_0000, 0x7fff_ffff),
};
