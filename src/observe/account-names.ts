// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import type { FileReader } from '../kernel/ports.ts';
import type { Link } from '../model/link.ts';

/**
 * TUN and TAP devices with the names of the users and groups that own them, as `ip` shows them. The node's
 * account files are read only when such a device is there; numbers without a name stay numbers.
 *
 * @param proc procfs: it is the way to the root directory.
 */
export async function withAccountNames(links: readonly Link[], proc: FileReader): Promise<readonly Link[]> {
  if (!links.some(isOwned)) return links;
  const users = await namesIn(proc, 'passwd');
  const groups = await namesIn(proc, 'group');
  return links.map((link) => (isOwned(link) ? named(link, users, groups) : link));
}

type Names = ReadonlyMap<number, string>;

function isOwned({ linkinfo }: Link): boolean {
  const data = linkinfo?.info_kind === 'tun' ? linkinfo.info_data : undefined;
  return data?.['user'] !== undefined || data?.['group'] !== undefined;
}

function named(link: Link, users: Names, groups: Names): Link {
  const { linkinfo } = link;
  if (linkinfo === undefined) return link;
  const data: Record<string, unknown> = { ...linkinfo.info_data };
  for (const [key, names] of [
    ['user', users],
    ['group', groups],
  ] as const)
    if (key in data) data[key] = names.get(Number(data[key])) ?? data[key];
  return { ...link, linkinfo: { ...linkinfo, info_data: data } };
}

/** Lines of `name:password:number:...`; a file that cannot be read names nobody. */
async function namesIn(proc: FileReader, file: 'passwd' | 'group'): Promise<Names> {
  const bytes = await proc.read(`self/root/etc/${file}`).catch(() => new Uint8Array());
  const lines = textOf(bytes).split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [name = '', , number = ''] = line.split(':');
      return /^\d+$/.test(number) ? [[Number(number), name] as const] : [];
    }),
  );
}
