// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** Id of a group by its name in /etc/group (group(5)); undefined when there is none. */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [group, , gid] = line.split(':');
    if (group === name && gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  }
  return undefined;
}
