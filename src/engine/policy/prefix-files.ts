// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { messageOf, WeirError } from '../../base/errors.ts';
import { type CidrSetSpec, MAX_PREFIXES } from '../../model/policy.ts';
import { parsePrefixes, prefixesOf } from '../../policy/prefix-text.ts';
import type { PrefixList } from '../../policy/prefixes.ts';

interface Read {
  /** Says the same as long as the file is the same. */
  readonly state: string;
  readonly list: PrefixList;
}

/** The prefixes of sets: those of a set are the same list as long as it and its file are the same. */
export class PrefixFiles {
  readonly #inline = new WeakMap<CidrSetSpec, PrefixList>();
  readonly #files = new Map<string, Read>();

  /** @throws {WeirError} `VALUE` for a file that cannot be read, or holds something else. */
  prefixes(set: CidrSetSpec): PrefixList {
    if (set.file !== undefined) return this.#fromFile(set.name, set.file);
    const known = this.#inline.get(set);
    if (known !== undefined) return known;
    const list = prefixesOf(set.cidrs ?? []);
    this.#inline.set(set, list);
    return list;
  }

  #fromFile(name: string, path: string): PrefixList {
    const what = `the file ${path} of the set ${name}`;
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const state = `${mtimeMs} ${size} ${ino}`;
      const known = this.#files.get(path);
      if (known?.state === state) return known.list;
      const { list, problems } = parsePrefixes(readFileSync(path), MAX_PREFIXES);
      const [first] = problems;
      if (first !== undefined)
        throw new WeirError('VALUE', { what, problem: `line ${first.line}: ${first.problem}` });
      this.#files.set(path, { state, list });
      return list;
    } catch (error) {
      if (error instanceof WeirError) throw error;
      throw new WeirError('VALUE', { what, problem: messageOf(error) });
    }
  }
}
