// SPDX-License-Identifier: Apache-2.0
// Where telemetry is pinned: <pinDir>/telemetry/<program>-<digest>/{maps,programs,links}/<name>. A directory is made under
// another name and renamed when it is whole, so that what has the right name can be used.
import { closeSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getPinned, pin } from '../../kernel/bpf/syscall.ts';

const KINDS = ['maps', 'programs', 'links'] as const;
/** Names in a bpffs have no dots. */
const UNFINISHED = '-new';

/** Descriptors by name, of each kind. */
export type Pinned = Readonly<Record<(typeof KINDS)[number], ReadonlyMap<string, number>>>;

/** Directory of all telemetry pins. */
export const telemetryPins = (pinDir: string) => join(pinDir, 'telemetry');

/** What is pinned in a directory, opened; undefined when it is not there. */
export function openPins(directory: string): Pinned | undefined {
  if (!existsSync(directory)) return undefined;
  const open = (kind: string) =>
    new Map(
      readdirSync(join(directory, kind)).map(
        (name) => [name, getPinned(join(directory, kind, name))] as const,
      ),
    );
  return { maps: open('maps'), programs: open('programs'), links: open('links') };
}

/** Pin all of it, or nothing. */
export function makePins(directory: string, descriptors: Pinned): void {
  const unfinished = `${directory}${UNFINISHED}`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    for (const kind of KINDS) {
      mkdirSync(join(unfinished, kind), { recursive: true, mode: 0o700 });
      for (const [name, fd] of descriptors[kind]) pin(fd, join(unfinished, kind, name));
    }
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Remove every directory of telemetry but these: what other versions left, and what is switched off now. */
export function removeOtherPins(pinDir: string, keep: ReadonlySet<string>): void {
  const directory = telemetryPins(pinDir);
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory))
    if (!keep.has(join(directory, name))) rmSync(join(directory, name), { recursive: true, force: true });
}

export function closeAll(descriptors: Iterable<number>): void {
  for (const fd of descriptors) closeSync(fd);
}
