// SPDX-License-Identifier: Apache-2.0
// What the kernel does not keep of a program: what it was made from, and for whom.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, WeirError } from '../../../base/errors.ts';
import type { ProgramAttachment, ProgramObject } from '../../../codec/bpf/program.ts';
import type { Pins } from './pins.ts';

/** Notes of one program. */
export interface ProgramNotes {
  /** Namespace that it was declared for. */
  readonly netns: string;
  readonly object: ProgramObject;
  /** False from the first step of installing to the last one. */
  readonly complete: boolean;
  /** Ids of the pinned programs and maps by name. */
  readonly programs: Readonly<Record<string, number>>;
  readonly maps: Readonly<Record<string, number>>;
  /** As they were asked for, by the names of their pins. */
  readonly attachments: Readonly<Record<string, ProgramAttachment>>;
}

/** Where programs are kept. */
export interface Shelves {
  readonly pins: Pins;
  readonly notes: NoteBook;
}

/** The notes of all programs, a file each. */
export class NoteBook {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'programs');
  }

  /** Undefined where there are none, or none that can be read. */
  read(name: string): ProgramNotes | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(name), 'utf8')) as ProgramNotes;
    } catch {
      return undefined;
    }
  }

  /** @throws {WeirError} `JOURNAL` when they cannot be kept. */
  write(name: string, notes: ProgramNotes): void {
    const path = this.#path(name);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, JSON.stringify(notes), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    } catch (error) {
      throw new WeirError('JOURNAL', { file: path, problem: messageOf(error) }, { cause: error });
    }
  }

  drop(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}
