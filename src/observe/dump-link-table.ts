// SPDX-License-Identifier: Apache-2.0
import type { NetlinkTransport } from '../kernel/ports.ts';
import { addressDump, linkDump } from './dump-requests.ts';
import { LinkTable } from './link-table.ts';
import { projectAddress } from './project/address.ts';
import { projectLink } from './project/link.ts';

/**
 * Read all links and addresses of a namespace.
 *
 * @param before The table that this one will replace: what was learnt about its devices elsewhere carries
 * over.
 * @throws {WeirError} from the transport.
 */
export async function dumpLinkTable(
  transport: NetlinkTransport,
  netns: string,
  before: LinkTable,
  signal: AbortSignal | undefined,
): Promise<LinkTable> {
  let table = new LinkTable(netns);
  await transport.dump(
    linkDump(),
    (wire, start, end) => {
      const link = projectLink(wire, start, end);
      if (link !== undefined) table.putLink(link, before.row(link.link.ifindex));
    },
    { ...(signal === undefined ? {} : { signal }), restart: () => (table = new LinkTable(netns)) },
  );
  await transport.dump(
    addressDump(),
    (wire, start, end) => table.putAddress(projectAddress(wire, start, end)),
    { ...(signal === undefined ? {} : { signal }), restart: () => table.clearAddresses() },
  );
  return table;
}
