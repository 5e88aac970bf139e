// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcActMirredAttrs } from '../../../codec/generated/tc.ts';
import { DeviceName } from '../../link/setting.ts';
import type { ActionKind } from './kind.ts';
import { Verdict } from './verdict.ts';

/** What is done, and on which side of the device, by TCA_EGRESS_REDIR to TCA_INGRESS_MIRROR. */
const WAYS = [
  ['redirect', 'egress'],
  ['mirror', 'egress'],
  ['redirect', 'ingress'],
  ['mirror', 'ingress'],
] as const;
const FIRST = 1;

const direction = (description: string) => Type.Optional(Type.Enum(['egress', 'ingress'], { description }));

/** Packets go to another device (net/sched/act_mirred.c tcf_mirred_init()). */
export const mirred: ActionKind = {
  kind: 'mirred',
  config: 'CONFIG_NET_ACT_MIRRED',
  schema: Type.Object(
    {
      redirect: direction(
        'Take the packet there: sent by the device (egress), or as if it came in (ingress)',
      ),
      mirror: direction('Take a copy there'),
      dev: DeviceName('The device'),
      verdict: Type.Optional(
        Verdict('What becomes of the packet here, usually stolen by redirect and pipe by mirror'),
      ),
    },
    { additionalProperties: false, description: 'To another device' },
  ),
  canonical(settings, complain) {
    if ((settings['redirect'] === undefined) === (settings['mirror'] === undefined))
      complain('redirect', 'or `mirror` must be given, and not both');
    return settings;
  },
  verdict: (settings) => (settings['redirect'] === undefined ? 'pipe' : 'stolen'),
  attributes: (settings, action, ifindex) => ({
    parms: {
      action,
      eaction: FIRST + WAYS.findIndex(([what, side]) => settings[what] === side),
      ifindex: ifindex(String(settings['dev'])),
    },
  }),
  reads: ['tm', 'parms'],
  observed({ parms }: TcActMirredAttrs, nameOf) {
    const [what, side] = WAYS[(parms?.eaction ?? 0) - FIRST] ?? ['redirect', 'unknown'];
    return { [what]: side, dev: nameOf(parms?.ifindex ?? 0) };
  },
};
