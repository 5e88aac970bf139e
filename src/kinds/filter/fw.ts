// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcFwAttrs } from '../../codec/generated/tc.ts';
import { present } from '../fields.ts';
import type { FilterKind } from './kind.ts';

const ALL = 0xffff_ffff;
const bits = (description: string, minimum: number) => Type.Integer({ description, minimum, maximum: ALL });

/** Packets with a mark (net/sched/cls_fw.c fw_change()). The mark is the filter's handle. */
export const fw: FilterKind = {
  kind: 'fw',
  config: 'CONFIG_NET_CLS_FW',
  schema: Type.Object(
    {
      mark: bits('Mark that the packet has', 1),
      mask: Type.Optional(bits('Bits of the mark that count; all when absent', 1)),
    },
    { additionalProperties: false, description: 'Packets with a mark' },
  ),
  required: true,
  canonical: (settings) =>
    present({ ...settings, mask: settings['mask'] === ALL ? undefined : settings['mask'] }),
  attributes: ({ mask = ALL }) => ({ mask }),
  handle: (settings) => settings['mark'] as number,
  reads: ['mask'],
  observed: ({ mask }: TcFwAttrs, _protocol, mark) =>
    present({ mark, mask: mask === ALL ? undefined : mask }),
};
