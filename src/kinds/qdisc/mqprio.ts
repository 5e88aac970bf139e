// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { fixed, number, shared } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import { type ComplainOf, type DeclaredQdisc, type QdiscSetting, wholeSwitch } from './setting.ts';

/** Traffic classes over hardware queues (net/sched/sch_mqprio.c). Queues as first and last index. */
export const mqprio = qdiscKind('mqprio', ({ header }) => {
  const { numTc, count, offset } = header;
  return present({
    tc: numTc,
    map: [...header.prioTcMap],
    queues: Array.from({ length: numTc }, (_, i) => [offset[i] ?? 0, (offset[i] ?? 0) + (count[i] ?? 0) - 1]),
    offload: header.hw === 0 ? undefined : true,
  });
});

const PRIORITIES = 16;
const Number16 = Type.Integer({ minimum: 0, maximum: 0xffff });

/** How it is declared. The kernel changes nothing of it. Its classes come with it. */
export const declaredMqprio: DeclaredQdisc = {
  kind: 'mqprio',
  config: 'CONFIG_NET_SCH_MQPRIO',
  settings: {
    tc: fixed(number('tc', 'Traffic classes', 1, PRIORITIES)),
    map: fixed(
      shared(
        Type.Array(Type.Integer({ minimum: 0, maximum: PRIORITIES - 1 }), {
          description:
            'The traffic class of each of the 16 priorities, from 0; those that are left out have class 0',
          minItems: 1,
          maxItems: PRIORITIES,
        }),
        (map: readonly number[]) => Array.from({ length: PRIORITIES }, (_, i) => map[i] ?? 0),
      ),
    ),
    queues: fixed(
      shared(
        Type.Array(Type.Array(Number16, { minItems: 2, maxItems: 2 }), {
          description: 'First and last queue of each traffic class: [[0, 1], [2, 3]]',
          minItems: 1,
          maxItems: PRIORITIES,
        }),
      ),
    ),
    offload: { ...wholeSwitch('Let the device do it'), fixed: true } as QdiscSetting,
  },
  required: ['tc', 'map', 'queues'],
  settled,
  whole({ tc, map, queues, offload }: Spec) {
    const pairs = queues as readonly (readonly [number, number])[];
    const filled = (of: (pair: readonly [number, number]) => number) =>
      Array.from({ length: PRIORITIES }, (_, i) => (pairs[i] === undefined ? 0 : of(pairs[i])));
    return {
      header: {
        numTc: tc,
        prioTcMap: Uint8Array.from(map as readonly number[]),
        hw: offload === true ? 1 : 0,
        count: filled(([first, last]) => last - first + 1),
        offset: filled(([first]) => first),
      },
    };
  },
};

function settled(settings: Spec, complain: ComplainOf): Spec {
  const { tc, map, queues } = settings as { tc: number; map: readonly number[]; queues: readonly number[][] };
  if (Math.max(...map) >= tc)
    complain('map', `names a traffic class that is not there: the last one is ${tc - 1}`);
  if (queues.length !== tc) complain('queues', `must name the queues of ${tc} traffic classes`);
  if (queues.some(([first = 0, last = 0]) => last < first))
    complain('queues', 'must name the first queue first');
  return settings;
}
