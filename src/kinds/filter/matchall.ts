// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcMatchallAttrs } from '../../codec/generated/tc.ts';
import { type FilterKind, OffloadFields, offloadFields, offloadFlags } from './kind.ts';

/** Every packet matches (net/sched/cls_matchall.c mall_change()). */
export const matchall: FilterKind = {
  kind: 'matchall',
  config: 'CONFIG_NET_CLS_MATCHALL',
  schema: Type.Object(OffloadFields, { additionalProperties: false, description: 'Every packet' }),
  attributes: offloadFlags,
  // The counter of matches is none of the settings.
  reads: ['flags', 'pcnt'],
  observed: ({ flags }: TcMatchallAttrs) => offloadFields(flags),
};
