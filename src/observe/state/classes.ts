// SPDX-License-Identifier: Apache-2.0
import { trafficClass } from '../../kinds/class/class.ts';
import { declaredQdisc } from '../../kinds/qdisc/declared.ts';
import { classSpecs } from '../../kinds/qdisc/observed.ts';
import { classDump } from '../dump-requests.ts';
import { type ClassReader, isWanted } from './class-reader.ts';
import { dumpTc, readQdiscSpecs } from './qdiscs.ts';

/** Classes of the qdiscs whose classes a document can declare: devices without such a qdisc are not asked. */
export const classReader: ClassReader = {
  class: 'class',
  async read(context, want, found) {
    for (const [dev, qdiscs] of await readQdiscSpecs(context)) {
      const ifindex = context.indexOf(dev);
      if (ifindex === undefined || !qdiscs.some(({ kind }) => declaredQdisc(kind)?.classes)) continue;
      for (const spec of classSpecs(dev, await dumpTc(context, classDump(ifindex)), qdiscs))
        if (isWanted(want, trafficClass.key(spec), dev)) found(spec);
    }
  },
};
