// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcActVlanAttrs } from '../../../codec/generated/tc.ts';
import { given, present, unlessZero } from '../../fields.ts';
import { protocolNumber, renderProtocol } from '../protocol.ts';
import type { ActionKind } from './kind.ts';
import { Verdict } from './verdict.ts';

/** TCA_VLAN_ACT_* in order, from 1 (include/uapi/linux/tc_act/tc_vlan.h). */
const OPERATIONS = ['pop', 'push', 'modify'];
const FIRST = 1;
const USUAL = '802.1Q';

/** VLAN tags (net/sched/act_vlan.c tcf_vlan_init()). */
export const vlan: ActionKind = {
  kind: 'vlan',
  config: 'CONFIG_NET_ACT_VLAN',
  schema: Type.Object(
    {
      vlan_action: Type.Enum(OPERATIONS, { description: 'Take the tag off, put one on, or change it' }),
      id: Type.Optional(Type.Integer({ description: 'VLAN id', minimum: 0, maximum: 4094 })),
      priority: Type.Optional(Type.Integer({ description: 'Priority in the tag', minimum: 0, maximum: 7 })),
      protocol: Type.Optional(
        Type.Enum(['802.1Q', '802.1ad'], { description: 'Protocol of the tag, usually 802.1Q' }),
      ),
      verdict: Type.Optional(Verdict('What becomes of the packet, usually pipe')),
    },
    { additionalProperties: false, description: 'VLAN tags' },
  ),
  canonical(settings, complain) {
    const { vlan_action, id, priority, protocol } = settings;
    if (vlan_action !== 'pop' && id === undefined) complain('id', 'is missing');
    for (const [name, value] of Object.entries({ id, priority, protocol }))
      if (vlan_action === 'pop' && value !== undefined) complain(name, 'goes not with pop: leave it out');
    return present({
      ...settings,
      priority: vlan_action === 'push' ? unlessZero(priority as number | undefined) : priority,
      protocol: protocol === USUAL ? undefined : protocol,
    });
  },
  verdict: () => 'pipe',
  attributes: ({ vlan_action, id, priority, protocol }, action) =>
    present({
      parms: { action, vAction: FIRST + OPERATIONS.indexOf(String(vlan_action)) },
      pushVlanId: id,
      pushVlanPriority: priority,
      pushVlanProtocol: given(protocol as string | undefined, protocolNumber),
    }),
  reads: ['tm', 'parms', 'pushVlanId', 'pushVlanPriority', 'pushVlanProtocol'],
  observed({ parms, pushVlanId, pushVlanPriority, pushVlanProtocol }: TcActVlanAttrs) {
    const operation = OPERATIONS[(parms?.vAction ?? 0) - FIRST] ?? `[${parms?.vAction}]`;
    const protocol = given(pushVlanProtocol, renderProtocol);
    return present({
      vlan_action: operation,
      id: pushVlanId,
      priority: operation === 'push' ? unlessZero(pushVlanPriority) : pushVlanPriority,
      protocol: protocol === USUAL ? undefined : protocol,
    });
  },
};
