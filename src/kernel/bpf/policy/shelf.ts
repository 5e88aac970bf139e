// SPDX-License-Identifier: Apache-2.0
// Where network policy is pinned, below one directory of a bpffs:
//   tables/<generation>/maps/<map>, tables/<generation>/programs/<space>_<function>, tables/<generation>/flip,
//   tables/<generation>/committed, links/<space>_<ifindex>_<hook>.
// The newest tables with the pin `committed` are those in force.
import { closeSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '../../../base/errors.ts';
import { isOnBpffs } from '../bpffs.ts';
import { BPF, BpfAttr, bpf, getPinned, pin } from '../syscall.ts';

const FRESH = 'fresh';

export class Shelf {
  readonly root: string;

  constructor(pinDir: string) {
    this.root = join(pinDir, 'policy');
  }

  /** @throws {WeirError} `BPF_FEATURE` where it would be on no bpffs. */
  prepare(generation: number): void {
    if (!isOnBpffs(this.root))
      throw new WeirError('BPF_FEATURE', {
        feature: `pinning in ${this.root}`,
        problem: 'it is in no bpffs: mount one with `mount -t bpf bpf /sys/fs/bpf`',
      });
    for (const folder of ['maps', 'programs'])
      mkdirSync(this.tables(generation, folder), { recursive: true, mode: 0o700 });
    mkdirSync(this.links(), { recursive: true, mode: 0o700 });
  }

  tables(generation: number, ...rest: readonly string[]): string {
    return join(this.root, 'tables', String(generation), ...rest);
  }

  links(...rest: readonly string[]): string {
    return join(this.root, 'links', ...rest);
  }

  /** Generations that have pins, oldest first. */
  generations(): readonly number[] {
    return listed(join(this.root, 'tables'))
      .map(Number)
      .sort((a, b) => a - b);
  }

  isCommitted(generation: number): boolean {
    return existsSync(this.tables(generation, 'committed'));
  }

  removeTables(generation: number): void {
    // first of all it is not committed any more
    rmSync(this.tables(generation, 'committed'), { force: true });
    rmSync(this.tables(generation), { recursive: true, force: true });
  }

  removeAll(): void {
    for (const generation of this.generations()) this.removeTables(generation);
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function listed(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name !== FRESH) : [];
}

/** A descriptor of what is pinned, or undefined. */
export function openPin(path: string): number | undefined {
  const result = bpf(BPF.OBJ_GET, new BpfAttr(16).text(0, path));
  return result < 0 ? undefined : result;
}

/** Pin in place of what was pinned there, in one step. */
export function putPin(fd: number, folder: string, name: string): void {
  const fresh = join(folder, FRESH);
  rmSync(fresh, { force: true });
  pin(fd, fresh);
  renameSync(fresh, join(folder, name));
}

/** Use a pinned object for a moment. @throws {KernelError} */
export function withPin<T>(path: string, use: (fd: number) => T): T {
  const fd = getPinned(path);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
