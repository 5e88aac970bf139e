// SPDX-License-Identifier: Apache-2.0
import { complaints } from '../../base/validate.ts';
import { classIdNumber } from '../../kinds/filter/class-id.ts';
import { FilterItem, filter } from '../../kinds/filter/filter.ts';
import { observedFilters } from '../../kinds/filter/observed.ts';
import type { Spec } from '../../model/object.ts';
import { filterDump } from '../dump-requests.ts';
import { type ClassReader, isWanted, type ReadContext, type Want } from './class-reader.ts';
import { dumpTc, readQdiscSpecs } from './qdiscs.ts';

/** Filters of the qdiscs of those devices that are asked for. An export leaves out what no document can declare. */
export const filterReader: ClassReader = {
  class: 'filter',
  async read(context, want, found) {
    for (const [dev, qdiscs] of await readQdiscSpecs(context))
      if (concerns(want, dev))
        for (const spec of await readFilters(context, dev, qdiscs)) {
          if (want.all && complaints(FilterItem, spec).length > 0) continue;
          if (isWanted(want, filter.key(spec), dev)) found(spec);
        }
  },
};

function concerns({ all, keys, onLinks }: Want, dev: string): boolean {
  return all || onLinks.has(dev) || [...keys].some((key) => key.startsWith(`dev ${dev} `));
}

async function readFilters(context: ReadContext, dev: string, qdiscs: readonly Spec[]) {
  const ifindex = context.indexOf(dev);
  if (ifindex === undefined) return [];
  const specs: Spec[] = [];
  for (const qdisc of qdiscs)
    for (const place of placesOf(qdisc)) {
      const messages = await dumpTc(context, filterDump(ifindex, classIdNumber(place)));
      specs.push(...observedFilters(messages, qdisc['parent'], context.nameOf));
    }
  return specs;
}

/** Where filters of a qdisc hang. */
function placesOf({ kind, handle }: Spec): readonly string[] {
  if (kind === 'clsact') return ['ingress', 'egress'];
  return [kind === 'ingress' ? 'ingress' : String(handle)];
}
