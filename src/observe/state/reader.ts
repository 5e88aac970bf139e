// SPDX-License-Identifier: Apache-2.0

import { type NamespaceIo, type Namespaces, NETLINK, type ProgramHost } from '../../kernel/ports.ts';
import { objectClass } from '../../kinds/classes.ts';
import {
  type ClassName,
  type NetObject,
  type ObjectId,
  objectId,
  type ReadRequest,
  type StateReader,
} from '../../model/object.ts';
import { dumpLinkTable } from '../dump-link-table.ts';
import { LinkTable } from '../link-table.ts';
import { addressReader } from './addresses.ts';
import { bridgeVlanReader } from './bridge-vlans.ts';
import type { ClassReader, ReadContext, Want } from './class-reader.ts';
import { classReader } from './classes.ts';
import { deviceReader } from './devices.ts';
import { fdbReader } from './fdb.ts';
import { filterReader } from './filters.ts';
import { linkReader } from './links.ts';
import { neighbourReader } from './neighbours.ts';
import { nexthopReader } from './nexthops.ts';
import { attachmentReader, programReader } from './programs.ts';
import { qdiscReader } from './qdiscs.ts';
import { routeReader } from './routes.ts';
import { ruleReader } from './rules.ts';
import { sysctlReader } from './sysctls.ts';
import { wireguardReader } from './wireguard.ts';

/** Every class that can be read. A new class is one file and one line here. */
const READERS: readonly ClassReader[] = [
  linkReader,
  wireguardReader,
  deviceReader,
  sysctlReader,
  bridgeVlanReader,
  addressReader,
  routeReader,
  neighbourReader,
  fdbReader,
  nexthopReader,
  ruleReader,
  qdiscReader,
  classReader,
  filterReader,
  programReader,
  attachmentReader,
];

const NONE: ReadonlySet<string> = new Set();

/** Reads canonical objects of namespaces, each read from the kernel as it is then. */
export function createStateReader(
  namespaces: Pick<Namespaces, 'own' | 'open'>,
  programs: ProgramHost,
): StateReader {
  return {
    async read(request) {
      const { netns } = request;
      const io = netns === '' ? await namespaces.own() : await namespaces.open(netns);
      return readObjects(io, programs, request);
    },
  };
}

async function readObjects(
  io: NamespaceIo,
  programs: ProgramHost,
  request: ReadRequest,
): Promise<ReadonlyMap<ObjectId, NetObject>> {
  const { netns } = request;
  const objects = new Map<ObjectId, NetObject>();
  const context = await contextOf(io, programs);
  for (const reader of READERS) {
    const want = wantOf(request, reader.class);
    if (want === undefined) continue;
    const kind = objectClass(reader.class);
    await reader.read(context, want, (spec, key = kind.key(spec)) => {
      const id = objectId(netns, reader.class, key);
      objects.set(id, { id, netns, class: reader.class, key, spec });
    });
  }
  return objects;
}

/** Undefined when nothing of the class can be wanted. */
function wantOf(request: ReadRequest, name: ClassName): Want | undefined {
  const { onLinks = NONE, fromLinks = NONE, byNexthops = NONE } = request;
  const keys = request.keys.get(name) ?? NONE;
  // devices decide what stands on what: they are always read whole
  const all = request.all === true || name === 'link';
  const count = keys.size + onLinks.size + fromLinks.size + byNexthops.size;
  return count === 0 && !all ? undefined : { keys, onLinks, fromLinks, byNexthops, all };
}

async function contextOf(io: NamespaceIo, programs: ProgramHost): Promise<ReadContext> {
  const { name } = io.netns;
  const links = await dumpLinkTable(await io.netlink(NETLINK.ROUTE), name, new LinkTable(name), undefined);
  const byName = new Map(links.rows().map(({ link }) => [link.ifname, link.ifindex]));
  return {
    io,
    links,
    programs,
    nameOf: (ifindex) => links.nameOf(ifindex) ?? `if${ifindex}`,
    indexOf: (ifname) => byName.get(ifname),
  };
}
