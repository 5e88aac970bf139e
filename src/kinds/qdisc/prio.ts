// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcPrioQopt } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import type { Fields } from '../fields.ts';
import { number, shared } from '../link/setting.ts';
import { qdiscKind } from './kind.ts';
import type { DeclaredQdisc } from './setting.ts';

function render({ header }: { readonly header: TcPrioQopt }): Fields {
  return { bands: header.bands, priomap: [...header.priomap], multiqueue: false };
}

/** Bands by priority, a qdisc in each (net/sched/sch_prio.c). */
export const prio = qdiscKind('prio', render);
/** Three bands by priority, the kernel's default (net/sched/sch_generic.c pfifo_fast_dump()). */
export const pfifoFast = qdiscKind('pfifo_fast', render);

/** TC_PRIO_MAX: packets have one of 16 priorities. */
const PRIORITIES = 16;
/** The band of each priority, as tc has it. */
const PRIOMAP = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/** How a prio is declared (net/sched/sch_prio.c prio_tune()). Its bands are classes that come with it. */
export const declaredPrio: DeclaredQdisc = {
  kind: 'prio',
  config: 'CONFIG_NET_SCH_PRIO',
  settings: {
    bands: number('bands', 'Bands, of which the first goes first', 2, PRIORITIES),
    priomap: shared(
      Type.Array(Type.Integer({ minimum: 0, maximum: PRIORITIES - 1 }), {
        description: 'The band of each of the 16 priorities, from 0',
        minItems: PRIORITIES,
        maxItems: PRIORITIES,
      }),
    ),
  },
  settled(settings, complain) {
    const { bands = 3, priomap = PRIOMAP } = settings as { bands?: number; priomap?: readonly number[] };
    if (Math.max(...priomap) >= bands)
      complain('priomap', `names a band that is not there: the last one is ${bands - 1}`);
    return settings;
  },
  whole: ({ bands = 3, priomap = PRIOMAP }: Spec) => ({
    header: { bands, priomap: Uint8Array.from(priomap as readonly number[]) },
  }),
};
