// SPDX-License-Identifier: Apache-2.0
import { decodeTcAttrs, decodeTcmsg, TCMSG_SIZE } from '../../codec/generated/tc.ts';
import { NETLINK, type NetlinkRequest } from '../../kernel/ports.ts';
import { declaredQdisc } from '../../kinds/qdisc/declared.ts';
import { qdiscSpecs, type TcMessage } from '../../kinds/qdisc/observed.ts';
import { qdisc } from '../../kinds/qdisc/qdisc.ts';
import type { Spec } from '../../model/object.ts';
import { qdiscDump } from '../dump-requests.ts';
import { type ClassReader, isWanted, type ReadContext } from './class-reader.ts';

/** Qdiscs that somebody configured. An export leaves out those that no document can declare. */
export const qdiscReader: ClassReader = {
  class: 'qdisc',
  async read(context, want, found) {
    for (const [dev, specs] of await readQdiscSpecs(context))
      for (const spec of specs) {
        if (want.all && declaredQdisc(spec['kind']) === undefined) continue;
        if (isWanted(want, qdisc.key(spec), dev)) found(spec);
      }
  },
};

/** Canonical settings of all qdiscs that somebody configured, by device. @throws {WeirError} from the transport. */
export async function readQdiscSpecs(context: ReadContext): Promise<ReadonlyMap<string, readonly Spec[]>> {
  const messages = new Map<number, TcMessage[]>();
  for (const one of await dumpTc(context, qdiscDump())) {
    const known = messages.get(one.header.tcmIfindex);
    if (known === undefined) messages.set(one.header.tcmIfindex, [one]);
    else known.push(one);
  }
  return new Map(
    [...messages].map(([ifindex, list]) => {
      const dev = context.nameOf(ifindex);
      return [dev, qdiscSpecs(dev, list)];
    }),
  );
}

/** The answer to a dump of qdiscs or classes. @throws {WeirError} from the transport. */
export async function dumpTc({ io }: ReadContext, request: NetlinkRequest): Promise<readonly TcMessage[]> {
  const transport = await io.netlink(NETLINK.ROUTE);
  const messages: TcMessage[] = [];
  await transport.dump(
    request,
    (wire, start, end) => {
      const header = decodeTcmsg(wire, start, Math.min(end, start + TCMSG_SIZE));
      messages.push({ header, attrs: decodeTcAttrs(wire, start + TCMSG_SIZE, end) });
    },
    { restart: () => void messages.splice(0) },
  );
  return messages;
}
