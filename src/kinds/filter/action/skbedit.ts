// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcActSkbeditAttrs } from '../../../codec/generated/tc.ts';
import { altHex, given, present } from '../../fields.ts';
import { ClassId, classIdNumber, renderClassId } from '../class-id.ts';
import type { ActionKind } from './kind.ts';
import { Verdict } from './verdict.ts';

/** PACKET_HOST and others in order (include/uapi/linux/if_packet.h). */
const PTYPES = ['host', 'broadcast', 'multicast', 'otherhost'];
const ALL = 0xffff_ffff;

const bits = (description: string) => Type.Optional(Type.Integer({ description, minimum: 0, maximum: ALL }));

/** Changes what the node keeps beside a packet (net/sched/act_skbedit.c tcf_skbedit_init()). */
export const skbedit: ActionKind = {
  kind: 'skbedit',
  config: 'CONFIG_NET_ACT_SKBEDIT',
  schema: Type.Object(
    {
      mark: bits('Mark of the packet'),
      mask: bits('Bits of the mark that are set; all when absent'),
      priority: Type.Optional(ClassId('Priority, which is the class of a qdisc: "1:10"')),
      queue_mapping: Type.Optional(
        Type.Integer({ description: 'Queue to send from', minimum: 0, maximum: 0xffff }),
      ),
      ptype: Type.Optional(Type.Enum(PTYPES, { description: 'Type of the packet' })),
      verdict: Type.Optional(Verdict('What becomes of the packet, usually pipe')),
    },
    { additionalProperties: false, description: 'Mark, priority, queue or type of the packet' },
  ),
  canonical(settings, complain) {
    const { mark, mask, priority, queue_mapping, ptype } = settings;
    if ((mark ?? priority ?? queue_mapping ?? ptype) === undefined)
      complain('mark', 'priority, queue_mapping or ptype must be given');
    if (mask !== undefined && mark === undefined) complain('mask', 'is for a mark: give it, too');
    return present({
      ...settings,
      mask: mask === ALL ? undefined : mask,
      priority: given(priority as string | undefined, (id) => renderClassId(classIdNumber(id))),
    });
  },
  verdict: () => 'pipe',
  attributes: ({ mark, mask, priority, queue_mapping, ptype }, action) =>
    present({
      parms: { action },
      priority: given(priority as string | undefined, classIdNumber),
      queueMapping: queue_mapping,
      mark,
      mask,
      ptype: given(ptype as string | undefined, (name) => PTYPES.indexOf(name)),
    }),
  reads: ['tm', 'parms', 'priority', 'queueMapping', 'mark', 'mask', 'ptype'],
  observed: ({ mark, mask, priority, queueMapping, ptype }: TcActSkbeditAttrs) =>
    present({
      mark,
      mask: mask === ALL ? undefined : mask,
      priority: given(priority, renderClassId),
      queue_mapping: queueMapping,
      ptype: given(ptype, (number) => PTYPES[number] ?? altHex(number)),
    }),
};
