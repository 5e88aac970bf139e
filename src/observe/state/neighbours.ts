// SPDX-License-Identifier: Apache-2.0
import { NETLINK } from '../../kernel/ports.ts';
import { neighbour, neighbourSpec } from '../../kinds/neighbour/neighbour.ts';
import { neighbourDump } from '../dump-requests.ts';
import { projectNeighbour } from '../project/neighbour.ts';
import { type ClassReader, isWanted } from './class-reader.ts';

/** Neighbours that somebody set, and proxy entries. */
export const neighbourReader: ClassReader = {
  class: 'neighbour',
  async read({ io, nameOf }, want, found) {
    const transport = await io.netlink(NETLINK.ROUTE);
    for (const proxy of [false, true])
      await transport.dump(neighbourDump(proxy), (wire, start, end) => {
        const seen = projectNeighbour(wire, start, end, nameOf);
        const spec = seen && neighbourSpec(seen);
        if (seen === undefined || spec === undefined) return;
        // the kernel makes entries without resolution itself, and routing daemons their own
        const own = spec['state'] === 'noarp' || seen.extern_learn === null;
        const key = neighbour.key(spec);
        if (own ? want.keys.has(key) : isWanted(want, key, seen.dev)) found(spec);
      });
  },
};
