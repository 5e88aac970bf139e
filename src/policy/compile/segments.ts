// SPDX-License-Identifier: Apache-2.0
import {
  KEY_END,
  MAX_CHAIN,
  type PortSegment,
  RULE_ISOLATED,
  type Segment,
  type VerdictRecord,
} from '../compiled.ts';
import { type Candidate, type DoubleChoice, decide, type Isolation } from './decide.ts';
import type { Numbers, Places } from './numbers.ts';
import type { Range } from './ranges.ts';
import { compareRules, type RuleState } from './rule-state.ts';

/** Decisions for all ports; the same content is the same object. */
export interface SegmentState extends Segment {
  readonly text: string;
  readonly keys: Uint32Array;
  readonly verdicts: Uint32Array;
  uses: number;
}

interface VerdictState {
  readonly text: string;
  readonly record: VerdictRecord;
  readonly next: VerdictState | undefined;
  /** It stands for verdicts that did not fit into the chain. */
  readonly isCut: boolean;
  uses: number;
}

/** In place of what a chain has no room for. */
const CUT: DoubleChoice = { rule: RULE_ISOLATED, auditRule: RULE_ISOLATED, mask: 0, value: 0 };

/** A rule and the ports that it matches. */
export interface Matching {
  readonly rule: RuleState;
  readonly ranges: readonly Range[];
}

/** Rules of a set that decide about one peer. */
export interface Question {
  readonly matching: readonly Matching[];
  readonly isolation: Isolation;
  readonly hasAudit: boolean;
}

/** Segments of ports and verdicts, each once. */
export class Segments {
  readonly #places: Places;
  readonly #numbers: Numbers;
  readonly #segments = new Map<string, SegmentState>();
  readonly #verdicts = new Map<string, VerdictState>();
  readonly #byNumber: (VerdictState | undefined)[] = [];
  readonly #unused = new Set<SegmentState>();
  #newSegments = new Set<SegmentState>();
  #newVerdicts = new Set<VerdictState>();
  #cut = 0;

  constructor(places: Places, numbers: Numbers) {
    this.#places = places;
    this.#numbers = numbers;
  }

  /** A chain had to be cut. */
  get overlong(): boolean {
    return this.#cut > 0;
  }

  /** The segment for a question; whoever keeps it says so with `count`. */
  of(question: Question): SegmentState {
    const keys: number[] = [];
    const verdicts: VerdictState[] = [];
    const known = new Map<readonly DoubleChoice[], VerdictState>();
    sweep(question, (key, choices) => {
      const verdict = known.get(choices) ?? this.#verdict(choices, 0);
      known.set(choices, verdict);
      if (verdicts.at(-1) === verdict) return;
      keys.push(key);
      verdicts.push(verdict);
    });
    const numbers = verdicts.map(({ record }) => record.verdict);
    const text = `${keys.join()} ${numbers.join()}`;
    const same = this.#segments.get(text);
    if (same !== undefined) return same;
    const made: SegmentState = {
      text,
      first: this.#places.take(keys.length),
      count: keys.length,
      keys: Uint32Array.from(keys),
      verdicts: Uint32Array.from(numbers),
      uses: 0,
    };
    for (const one of verdicts) one.uses++;
    this.#segments.set(text, made);
    this.#newSegments.add(made);
    this.#unused.add(made);
    return made;
  }

  count(segment: SegmentState, difference: 1 | -1): void {
    segment.uses += difference;
    if (segment.uses === 0) this.#unused.add(segment);
  }

  /** Give up what nobody kept. */
  sweep(): void {
    for (const one of this.#unused) {
      if (one.uses > 0) continue;
      this.#segments.delete(one.text);
      this.#newSegments.delete(one);
      this.#places.release(one.first, one.count);
      for (const number of one.verdicts) this.#release(this.#byNumber[number] as VerdictState);
    }
    this.#unused.clear();
    for (const one of [...this.#newVerdicts]) if (one.uses === 0) this.#drop(one);
  }

  changed(): { readonly ports: readonly PortSegment[]; readonly verdicts: readonly VerdictRecord[] } {
    return {
      ports: [...this.#newSegments],
      verdicts: Array.from(this.#newVerdicts, ({ record }) => record),
    };
  }

  all(): { readonly ports: readonly PortSegment[]; readonly verdicts: readonly VerdictRecord[] } {
    return {
      ports: [...this.#segments.values()],
      verdicts: Array.from(this.#verdicts.values(), ({ record }) => record),
    };
  }

  get verdictCount(): number {
    return this.#verdicts.size;
  }

  accept(): void {
    this.#newSegments = new Set();
    this.#newVerdicts = new Set();
  }

  #verdict(choices: readonly DoubleChoice[], from: number): VerdictState {
    const choice = choices[from] as DoubleChoice;
    const isLast = from === choices.length - 1;
    if (!isLast && from === MAX_CHAIN - 1) {
      // what would be left out must not be allowed
      return this.#intern(CUT, undefined);
    }
    return this.#intern(choice, isLast ? undefined : this.#verdict(choices, from + 1));
  }

  #intern(choice: DoubleChoice, next: VerdictState | undefined): VerdictState {
    const { rule, auditRule, mask, value } = choice;
    const isCut = choice === CUT;
    const [tcpMask, tcpValue] = next === undefined ? [0, 0] : [mask, value];
    const following = next?.record.verdict ?? 0;
    const text = `${rule} ${auditRule} ${tcpMask} ${tcpValue} ${following}${isCut ? ' cut' : ''}`;
    const known = this.#verdicts.get(text);
    if (known !== undefined) return known;
    const record = { verdict: this.#numbers.take(), rule, auditRule, tcpMask, tcpValue, next: following };
    const made: VerdictState = { text, record, next, isCut, uses: 0 };
    if (isCut) this.#cut++;
    if (next !== undefined) next.uses++;
    this.#verdicts.set(text, made);
    this.#byNumber[record.verdict] = made;
    this.#newVerdicts.add(made);
    return made;
  }

  #release(one: VerdictState): void {
    if (--one.uses === 0) this.#drop(one);
  }

  #drop(one: VerdictState): void {
    this.#verdicts.delete(one.text);
    this.#newVerdicts.delete(one);
    this.#byNumber[one.record.verdict] = undefined;
    this.#numbers.release(one.record.verdict);
    if (one.isCut) this.#cut--;
    if (one.next !== undefined) this.#release(one.next);
  }
}

/** More than candidates of one question. */
const CANDIDATES = 2 ** 24;

/** Where a candidate begins or ends to match, as one number, so that many are sorted fast. */
const eventOf = (key: number, candidate: number, isStart: boolean) =>
  (key * CANDIDATES + candidate) * 2 + Number(isStart);
const keyOf = (event: number) => Math.floor(event / (CANDIDATES * 2));
const candidateOf = (event: number) => Math.floor(event / 2) % CANDIDATES;
const isStart = (event: number) => event % 2 === 1;

/** Says for each run of keys what is decided there, from key 0 on; where no rule matches, it is the same object. */
function sweep(
  { matching, isolation, hasAudit }: Question,
  say: (key: number, choices: readonly DoubleChoice[]) => void,
): void {
  const candidates: Candidate[] = [];
  const found: number[] = [];
  for (const { rule, ranges } of [...matching].sort((a, b) => compareRules(a.rule, b.rule)))
    for (const { start, end, flags } of ranges) {
      found.push(eventOf(start, candidates.length, true), eventOf(end, candidates.length, false));
      candidates.push(flags === undefined ? { rule } : { rule, flags });
    }
  const events = Float64Array.from(found).sort();
  const active: number[] = [];
  const byNone = decide({ candidates, active: [] }, isolation, hasAudit);
  const decision = () => (active.length === 0 ? byNone : decide({ candidates, active }, isolation, hasAudit));
  if (events.length === 0 || keyOf(events[0] as number) > 0) say(0, decision());
  for (let i = 0; i < events.length; ) {
    const key = keyOf(events[i] as number);
    for (; i < events.length && keyOf(events[i] as number) === key; i++) toggle(active, events[i] as number);
    if (key < KEY_END) say(key, decision());
  }
}

/** Candidates stay in their order. */
function toggle(active: number[], event: number): void {
  const candidate = candidateOf(event);
  let [low, high] = [0, active.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((active[middle] as number) < candidate) low = middle + 1;
    else high = middle;
  }
  if (isStart(event)) active.splice(low, 0, candidate);
  else active.splice(low, 1);
}
