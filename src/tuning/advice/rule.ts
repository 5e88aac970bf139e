// SPDX-License-Identifier: Apache-2.0
import type { Window } from './window.ts';

/** A change of one setting. */
export type Proposal =
  | { readonly sysctl: string; readonly value: number | string }
  /** `setting` is a dotted name in `devices` of a Tuning document, or `txqlen`. */
  | { readonly dev: string; readonly setting: string; readonly value: unknown };

/** Something that was measured. */
export interface Evidence {
  readonly what: string;
  readonly value: number | string;
  readonly unit?: string;
}

/** What a rule found. */
export interface Finding {
  /** The device that it is about. */
  readonly dev?: string;
  /** One sentence: what is wrong. */
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  /** What would change; nothing where Weir cannot change it. */
  readonly proposals: readonly Proposal[];
  /** What a person would have to do, where that is not all. */
  readonly manual?: string;
  readonly expected: string;
  readonly risk: string;
  /** The metric of a trial that should get better. */
  readonly metric: string;
  /** 3: packets or connections are lost; 2: they soon will be, or much is wasted; 1: could be better. */
  readonly weight: 1 | 2 | 3;
}

/** One piece of knowledge about a setting. Pure. */
export interface Rule {
  /** Part of the id of its advice: it never changes. */
  readonly name: string;
  /** One line: when it speaks. */
  readonly about: string;
  /** Only of the machine, not of each namespace. */
  readonly node?: true;
  /** Sysctls that it looks at. */
  readonly sysctls: readonly string[];
  judge(window: Window): readonly Finding[];
}
