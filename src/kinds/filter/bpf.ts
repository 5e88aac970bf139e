// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcBpfAttrs } from '../../codec/generated/tc.ts';
import { present } from '../fields.ts';
import { type FilterKind, OffloadFields, offloadFields, offloadFlags } from './kind.ts';
import { ownedProgramIn } from './owned-program.ts';

/** TCA_BPF_FLAG_ACT_DIRECT (include/uapi/linux/pkt_cls.h). */
const ACT_DIRECT = 1;

/**
 * A BPF program (net/sched/cls_bpf.c cls_bpf_change()). The kernel keeps the path as the filter's name, and that is what
 * is compared: a program that was pinned there later is not noticed.
 */
export const bpf: FilterKind = {
  kind: 'bpf',
  config: 'CONFIG_NET_CLS_BPF',
  schema: Type.Object(
    {
      pinned: Type.String({
        description: 'Path of a program of type sched_cls that is pinned in a bpffs: /sys/fs/bpf/shaper',
        pattern: '^/',
        maxLength: 255,
      }),
      direct_action: Type.Optional(
        Type.Literal(true, { description: 'What the program returns is the verdict, not a class' }),
      ),
      ...OffloadFields,
    },
    { additionalProperties: false, description: 'A BPF program decides' },
  ),
  required: true,
  attributes: (settings, _protocol, open) => {
    const { flags } = offloadFlags(settings);
    return present({
      fd: open(String(settings['pinned'])),
      name: settings['pinned'],
      flags: settings['direct_action'] === true ? ACT_DIRECT : undefined,
      flagsGen: flags,
    });
  },
  reads: ['name', 'flags', 'flagsGen', 'id', 'tag'],
  observed: ({ name, flags = 0, flagsGen }: TcBpfAttrs) =>
    present({
      [isProgram(name) ? 'pinned' : 'name']: name,
      direct_action: (flags & ACT_DIRECT) === 0 ? undefined : true,
      ...offloadFields(flagsGen),
    }),
};

/** True for the path of a pin, and for what stands for a program of a document. */
function isProgram(name: string | undefined): boolean {
  return name?.startsWith('/') === true || ownedProgramIn(name) !== undefined;
}
