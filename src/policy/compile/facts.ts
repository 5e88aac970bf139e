// SPDX-License-Identifier: Apache-2.0
// What rules ask of a peer: is it selected, is it in this block or this set, does it give a port this name. A fact is
// kept as long as a rule asks for it. Classes of endpoints are combinations of facts.

import type { IpPrefix } from '../../base/ip.ts';
import type { EndpointSelector, NamedPort } from '../../model/policy.ts';
import { prefixOf } from '../prefix.ts';
import { NO_PREFIXES, type PrefixList } from '../prefixes.ts';
import { selects } from '../select.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { AtomMeaning } from './membership.ts';
import type { Numbers } from './numbers.ts';
import { type Selectable, Selectors } from './selector-index.ts';
import type { Space4 } from './space4.ts';
import type { Space6 } from './space6.ts';

/** A question of rules. */
interface FactBase {
  readonly id: number;
  readonly key: string;
  uses: number;
}
export interface SelectorFact extends FactBase {
  readonly kind: 'selector';
  readonly selector: EndpointSelector;
  readonly members: Set<EndpointState>;
  /** Its one member is chosen by what it is. */
  readonly isSelf?: true;
}
interface BlockFact extends FactBase {
  readonly kind: 'block';
  readonly prefix: IpPrefix;
}
interface SetFact extends FactBase {
  readonly kind: 'set';
  readonly name: string;
  list: PrefixList;
}
interface PortFact extends FactBase {
  readonly kind: 'port';
  readonly name: string;
}
export type Fact = SelectorFact | BlockFact | SetFact | PortFact;

/** Endpoints of which rules find the same. */
export interface EndpointClass extends AtomMeaning {
  readonly id: number;
  readonly key: string;
  uses: number;
}

interface FactParts {
  readonly numbers: Numbers;
  readonly v4: Space4;
  readonly v6: Space6;
  readonly endpoints: Selectable<EndpointState>;
  readonly byPortName: (name: string) => Iterable<EndpointState>;
  readonly touched: (endpoint: EndpointState) => void;
  readonly set: (name: string) => PrefixList | undefined;
}

export class Facts {
  readonly #parts: FactParts;
  readonly #byKey = new Map<string, Fact>();
  readonly #classes = new Map<string, EndpointClass>();
  readonly #meanings = new Map<number, AtomMeaning>();
  readonly #selectors = new Selectors<SelectorFact>();
  readonly #unused = new Set<Fact>();
  readonly #emptied = new Set<EndpointClass>();
  /** Numbers to be given back when no address is said to have them any more. */
  readonly #left: number[] = [];

  constructor(parts: FactParts) {
    this.#parts = parts;
  }

  meaning(atom: number): AtomMeaning {
    return this.#meanings.get(atom) ?? { facts: [atom], ports: [] };
  }

  selector(selector: EndpointSelector): Fact {
    return this.#use(`s${JSON.stringify(selector)}`, (base) => {
      const members = new Set<EndpointState>();
      const fact: SelectorFact = { ...base, kind: 'selector', selector, members };
      for (const one of this.#parts.endpoints.candidates(selector))
        if (selects(selector, one.spec, one.labels)) this.#join(fact, one);
      this.#selectors.add(fact);
      return fact;
    });
  }

  /** Is it this endpoint? No document can ask that. */
  self(one: EndpointState): Fact {
    const fact = this.#use(`e${one.spec.key}`, (base) => ({
      ...base,
      kind: 'selector',
      selector: {},
      members: new Set(),
      isSelf: true,
    })) as SelectorFact;
    for (const other of fact.members) if (other !== one) this.#part(fact, other);
    this.#join(fact, one);
    return fact;
  }

  /** A block of one bit or more. */
  block(cidr: string): Fact {
    return this.#use(`b${cidr}`, (base) => {
      const prefix = prefixOf(cidr);
      if (prefix.address.length === 4)
        this.#parts.v4.add(numberOf(prefix.address), prefix.prefixlen, base.id);
      else this.#parts.v6.add(prefix.address, prefix.prefixlen, base.id);
      return { ...base, kind: 'block', prefix };
    });
  }

  set(name: string): Fact {
    return this.#use(`n${name}`, (base) => {
      const fact: SetFact = { ...base, kind: 'set', name, list: NO_PREFIXES };
      this.#fill(fact, this.#parts.set(name) ?? NO_PREFIXES);
      return fact;
    });
  }

  /** Endpoints that give a port this name. */
  port(name: string): Fact {
    return this.#use(`p${name}`, (base) => {
      for (const one of this.#parts.byPortName(name)) this.#parts.touched(one);
      return { ...base, kind: 'port', name };
    });
  }

  #use(key: string, make: (base: FactBase) => Fact): Fact {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.uses++;
      return known;
    }
    const made = make({ id: this.#parts.numbers.take(), key, uses: 1 });
    this.#byKey.set(key, made);
    return made;
  }

  /** A rule does not ask for it any more. */
  release(fact: Fact): void {
    if (--fact.uses === 0) this.#unused.add(fact);
  }

  /** The prefixes of a set are others now. */
  setChanged(name: string): void {
    const fact = this.#byKey.get(`n${name}`);
    if (fact?.kind === 'set') this.#fill(fact, this.#parts.set(name) ?? NO_PREFIXES);
  }

  #fill(fact: SetFact, list: PrefixList): void {
    const [from, to] = [withoutAll(fact.list), withoutAll(list)];
    this.#parts.v4.replace(from.v4, to.v4, fact.id);
    this.#parts.v6.replace(from, to, fact.id);
    fact.list = list;
  }

  /** Which selectors select an endpoint that is new or has other labels. */
  reselect(one: EndpointState): void {
    this.forget(one);
    for (const fact of this.#selectors.candidates(one.spec, one.labels))
      if (!one.selectedBy.has(fact) && selects(fact.selector, one.spec, one.labels)) this.#join(fact, one);
  }

  forget(one: EndpointState): void {
    for (const fact of one.selectedBy) if (!fact.isSelf) this.#part(fact, one);
    this.#parts.touched(one);
  }

  #part(fact: SelectorFact, one: EndpointState): void {
    fact.members.delete(one);
    one.selectedBy.delete(fact);
    this.#parts.touched(one);
  }

  #join(fact: SelectorFact, one: EndpointState): void {
    fact.members.add(one);
    one.selectedBy.add(fact);
    this.#parts.touched(one);
  }

  /** Take the facts out for which no rule asks: before classes and address spaces are computed. */
  sweep(): void {
    for (const fact of this.#unused) {
      if (fact.uses > 0) continue;
      this.#byKey.delete(fact.key);
      this.#forgetFact(fact);
      this.#left.push(fact.id);
    }
    this.#unused.clear();
  }

  #forgetFact(fact: Fact): void {
    if (fact.kind === 'selector') {
      if (!fact.isSelf) this.#selectors.delete(fact);
      for (const one of fact.members) this.#part(fact, one);
    } else if (fact.kind === 'block') {
      const { address, prefixlen } = fact.prefix;
      if (address.length === 4) this.#parts.v4.remove(numberOf(address), prefixlen, fact.id);
      else this.#parts.v6.remove(address, prefixlen, fact.id);
    } else if (fact.kind === 'set') this.#fill(fact, NO_PREFIXES);
    else for (const one of this.#parts.byPortName(fact.name)) this.#parts.touched(one);
  }

  /** The class of an endpoint as it is selected now; undefined if no rule would find it. */
  classOf(one: EndpointState): EndpointClass | undefined {
    const ports = one.spec.ports.filter(({ name }) => this.#byKey.has(`p${name}`));
    if (one.selectedBy.size === 0 && ports.length === 0) return undefined;
    const selected = [...one.selectedBy].map(({ id }) => id).sort((a, b) => a - b);
    const key = `${selected.join()} ${ports.map(({ name, protocol, port }) => `${name}:${protocol}:${port}`).join()}`;
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const names = [...new Set(ports.map(({ name }) => (this.#byKey.get(`p${name}`) as Fact).id))];
    return this.#addClass(key, [...selected, ...names], ports);
  }

  #addClass(key: string, facts: readonly number[], ports: readonly NamedPort[]): EndpointClass {
    const made: EndpointClass = { id: this.#parts.numbers.take(), key, facts, ports, uses: 0 };
    this.#classes.set(key, made);
    this.#meanings.set(made.id, made);
    return made;
  }

  countClass(one: EndpointClass, difference: 1 | -1): void {
    one.uses += difference;
    if (one.uses === 0) this.#emptied.add(one);
  }

  /** Take classes out that nobody belongs to: when address spaces have been computed. */
  sweepClasses(): void {
    for (const one of this.#emptied) {
      if (one.uses > 0) continue;
      this.#classes.delete(one.key);
      this.#meanings.delete(one.id);
      this.#parts.numbers.release(one.id);
    }
    this.#emptied.clear();
    for (const id of this.#left.splice(0)) this.#parts.numbers.release(id);
  }
}

/** Address spaces know prefixes of one bit and more. */
function withoutAll(list: PrefixList): PrefixList {
  const isAll4 = list.v4[0] === 0;
  const isAll6 = list.v6Lengths[0] === 0;
  if (!isAll4 && !isAll6) return list;
  const [v4, halves] = [Float64Array.of(1, 2 ** 31 * 64 + 1), new Uint8Array(32)];
  halves[16] = 0x80;
  return {
    v4: isAll4 ? v4 : list.v4,
    v6: isAll6 ? halves : list.v6,
    v6Lengths: isAll6 ? Uint8Array.of(1, 1) : list.v6Lengths,
  };
}

function numberOf(address: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
