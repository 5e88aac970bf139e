// SPDX-License-Identifier: Apache-2.0
import type { TcPrioQopt } from '../../codec/generated/tc.ts';
import type { Fields } from '../fields.ts';
import { qdiscKind } from './kind.ts';

function render({ header }: { readonly header: TcPrioQopt }): Fields {
  return { bands: header.bands, priomap: [...header.priomap], multiqueue: false };
}

/** Bands by priority, a qdisc in each (net/sched/sch_prio.c). */
export const prio = qdiscKind('prio', render);
/** Three bands by priority, the kernel's default (net/sched/sch_generic.c pfifo_fast_dump()). */
export const pfifoFast = qdiscKind('pfifo_fast', render);
