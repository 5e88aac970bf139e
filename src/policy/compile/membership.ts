// SPDX-License-Identifier: Apache-2.0
// What is known of addresses: the blocks, sets and classes of endpoints that one is in. Addresses of which the same is
// known have one identity.
import type { NamedPort } from '../../model/policy.ts';
import { UNKNOWN_IDENTITY } from '../compiled.ts';
import type { Numbers } from './numbers.ts';

/** Tells what an atom means: the facts that rules ask for, and the named ports of a class of endpoints. */
export interface AtomMeaning {
  readonly facts: readonly number[];
  readonly ports: readonly NamedPort[];
}

/** All that is known of some addresses of one family. */
export interface Membership {
  readonly family: 4 | 6;
  /** Sorted. */
  readonly atoms: readonly number[];
  readonly identity: number;
  readonly facts: ReadonlySet<number>;
  /** Named ports of the endpoints that have such an address. */
  readonly ports: readonly NamedPort[];
  /** Records of address maps that say so. */
  uses: number;
  /** Nothing says so any more: the identity belongs to another or to nobody. */
  gone: boolean;
  /** It was used when the last update ended. */
  known: boolean;
  readonly next: Map<number, Membership>;
}

/** Every membership once. */
export class Memberships {
  readonly #numbers: Numbers;
  readonly #meaning: (atom: number) => AtomMeaning;
  readonly #byAtoms = new Map<string, Membership>();
  readonly #byIdentity: (Membership | undefined)[] = [];
  readonly #touched = new Set<Membership>();
  readonly nothing: Readonly<Record<4 | 6, Membership>>;

  constructor(numbers: Numbers, meaning: (atom: number) => AtomMeaning) {
    this.#numbers = numbers;
    this.#meaning = meaning;
    this.nothing = { 4: empty(4), 6: empty(6) };
  }

  of(identity: number, family: 4 | 6): Membership {
    return this.#byIdentity[identity] ?? this.nothing[family];
  }

  /** With one atom more. */
  join(one: Membership, atom: number): Membership {
    const known = one.next.get(atom);
    if (known !== undefined && !known.gone) return known;
    if (one.atoms.includes(atom)) {
      one.next.set(atom, one);
      return one;
    }
    const joined = this.#intern(
      one.family,
      [...one.atoms, atom].sort((a, b) => a - b),
    );
    one.next.set(atom, joined);
    return joined;
  }

  #intern(family: 4 | 6, atoms: readonly number[]): Membership {
    const key = `${family}:${atoms.join()}`;
    const known = this.#byAtoms.get(key);
    if (known !== undefined) return known;
    const meanings = atoms.map(this.#meaning);
    const made: Membership = {
      family,
      atoms,
      identity: this.#numbers.take(),
      facts: new Set(meanings.flatMap(({ facts }) => facts)),
      ports: meanings.flatMap(({ ports }) => ports),
      uses: 0,
      gone: false,
      known: false,
      next: new Map(),
    };
    this.#byAtoms.set(key, made);
    this.#byIdentity[made.identity] = made;
    this.#touched.add(made);
    return made;
  }

  /** Count records that say so, or do not any more. */
  count(one: Membership, difference: 1 | -1): void {
    if (one.identity === UNKNOWN_IDENTITY) return;
    one.uses += difference;
    if (one.uses === 0 || !one.known) this.#touched.add(one);
  }

  /** What came into use and what went out of use since it was asked last. */
  settle(): { readonly made: readonly Membership[]; readonly gone: readonly Membership[] } {
    const made: Membership[] = [];
    const gone: Membership[] = [];
    for (const one of this.#touched) {
      if (one.uses > 0) {
        if (!one.known) made.push(one);
        one.known = true;
        continue;
      }
      if (one.known) gone.push(one);
      one.gone = true;
      this.#byAtoms.delete(`${one.family}:${one.atoms.join()}`);
      this.#byIdentity[one.identity] = undefined;
      this.#numbers.release(one.identity);
    }
    this.#touched.clear();
    return { made, gone };
  }
}

function empty(family: 4 | 6): Membership {
  return {
    family,
    atoms: [],
    identity: UNKNOWN_IDENTITY,
    facts: new Set(),
    ports: [],
    uses: 1,
    gone: false,
    known: true,
    next: new Map(),
  };
}
