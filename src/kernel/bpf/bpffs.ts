// SPDX-License-Identifier: Apache-2.0
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const BPF_FS_MAGIC = 0xcafe4a11;

/** True when what is made at `path` would be in a bpffs. */
export function isOnBpffs(path: string): boolean {
  let at = path;
  while (!existsSync(at)) at = dirname(at);
  return statfsSync(at).type >>> 0 === BPF_FS_MAGIC;
}
