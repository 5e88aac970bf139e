// SPDX-License-Identifier: Apache-2.0
// Where operators' programs are pinned. A bpffs takes no dots in names: everything but letters, digits, _ and - is %XX.
import { closeSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ERRNO } from '../../../base/errno.gen.ts';
import { WeirError } from '../../../base/errors.ts';
import { HOOKS, type HookName } from '../../../codec/bpf/hooks.ts';
import { type ProgramAttachment, targetOf } from '../../../codec/bpf/program.ts';
import { isOnBpffs } from '../bpffs.ts';
import { BPF, BpfAttr, bpf, pin } from '../syscall.ts';

/** What of a program is pinned in a folder of its own. */
export type PinSort = 'programs' | 'maps' | 'links';

const SORTS: readonly PinSort[] = ['links', 'programs', 'maps'];
const NEW = '%new';
const MOST_NAME = 200;

/** The pins of all programs, below one directory of a bpffs. */
export class Pins {
  readonly #root: string;

  constructor(pinDir: string) {
    this.#root = join(pinDir, 'programs');
  }

  /** Names of the programs that have pins. */
  names(): readonly string[] {
    return listed(this.#root).map(decoded);
  }

  /** @throws {WeirError} `BPF_FEATURE` where it would be on no bpffs. */
  mustBePossible(): void {
    if (!isOnBpffs(this.#root))
      throw new WeirError('BPF_FEATURE', {
        feature: `pinning in ${this.#root}`,
        problem: 'it is in no bpffs: mount one with `mount -t bpf bpf /sys/fs/bpf`',
      });
  }

  /** @throws {WeirError} `BPF_FEATURE` as above. */
  prepare(name: string): void {
    this.mustBePossible();
    for (const sort of SORTS) mkdirSync(this.#folder(name, sort), { recursive: true, mode: 0o700 });
  }

  /** Names of the pins of one sort, as they were given. */
  list(name: string, sort: PinSort): readonly string[] {
    return listed(this.#folder(name, sort))
      .filter((one) => one !== NEW)
      .map(decoded);
  }

  /** A descriptor of what is pinned; undefined when nothing is. */
  open(name: string, sort: PinSort, what: string): number | undefined {
    const result = bpf(BPF.OBJ_GET, new BpfAttr(16).text(0, this.#path(name, sort, what)));
    return result < 0 ? undefined : result;
  }

  /** Pin `fd`, in place of what was pinned there, in one step. */
  put(name: string, sort: PinSort, what: string, fd: number): void {
    const path = this.#path(name, sort, what);
    const fresh = join(this.#folder(name, sort), NEW);
    rmSync(fresh, { force: true });
    pin(fd, fresh);
    renameSync(fresh, path);
  }

  drop(name: string, sort: PinSort, what: string): void {
    rmSync(this.#path(name, sort, what), { force: true });
  }

  dropAll(name: string): void {
    rmSync(join(this.#root, encoded(name)), { recursive: true, force: true });
  }

  #folder(name: string, sort: PinSort): string {
    return join(this.#root, encoded(name), sort);
  }

  #path(name: string, sort: PinSort, what: string): string {
    return join(this.#folder(name, sort), encoded(what));
  }
}

/** Use a pinned object's descriptor for a moment. */
export function using<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Name of the pin of an attachment: `tcx-ingress@eth0`. */
export function linkName(attachment: ProgramAttachment): string {
  const name = `${attachment.hook}@${targetOf(attachment)}`;
  if (encoded(name).length <= MOST_NAME) return name;
  throw new WeirError('VALUE', { what: `the name "${name}"`, problem: 'is too long to be pinned' });
}

/** The attachment that a pin's name tells of, without its function; undefined for a name that Weir does not give. */
export function attachmentNamed(of: string, name: string): Omit<ProgramAttachment, 'program'> | undefined {
  const at = name.indexOf('@');
  const hook = name.slice(0, at);
  if (!Object.hasOwn(HOOKS, hook)) return undefined;
  const { place } = HOOKS[hook as HookName];
  const field = place === 'device' ? 'dev' : place;
  return { of, hook: hook as HookName, [field]: name.slice(at + 1) };
}

function encoded(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, (one) =>
    [...Buffer.from(one)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function decoded(text: string): string {
  return decodeURIComponent(text);
}

function listed(folder: string): readonly string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (error) {
    if ((error as { errno?: number }).errno === -ERRNO.ENOENT) return [];
    throw error;
  }
}
