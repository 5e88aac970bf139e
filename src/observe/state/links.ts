// SPDX-License-Identifier: Apache-2.0

import type { NamespaceIo } from '../../kernel/ports.ts';
import { linkSpec } from '../../kinds/link/observed.ts';
import type { Link } from '../../model/link.ts';
import type { Spec } from '../../model/object.ts';
import { readLinks } from '../read.ts';
import type { ClassReader } from './class-reader.ts';

/**
 * Canonical settings of all links of a namespace. They are always read whole: a device changes when others do.
 * @throws {WeirError} from the transport.
 */
export async function readLinkSpecs(io: NamespaceIo): Promise<readonly Spec[]> {
  return linkSpecs(await readLinks(io));
}

/** Canonical settings of links that were read together. */
export function linkSpecs(links: readonly Link[]): readonly Spec[] {
  const names = new Set(links.map((link) => link.ifname));
  return links.map((link) => linkSpec(link, peerOf(link, names)));
}

/** A veth shows its other end as the device that it stands on, unless that is in another namespace. */
function peerOf(link: Link, names: ReadonlySet<string>): string | undefined {
  const peer = link.linkinfo?.info_kind === 'veth' ? link.link : undefined;
  return peer !== undefined && names.has(peer) ? peer : undefined;
}

/** Links, from the dump that every read begins with. */
export const linkReader: ClassReader = {
  class: 'link',
  async read({ links }, _want, found) {
    for (const spec of linkSpecs(links.rows().map(({ link }) => link))) found(spec);
  },
};
