// SPDX-License-Identifier: Apache-2.0
import type { TSchema } from 'typebox';
import type { Spec } from '../../../model/object.ts';
import type { Complain } from '../../object-class.ts';

/** Attributes under construction, by the codec's names. */
export type Attributes = Readonly<Record<string, unknown>>;

/** How one kind of action is declared, written and read. */
export interface ActionKind {
  readonly kind: string;
  /** Kernel option that brings it. */
  readonly config: string;
  /** Its settings, which stand under the kind's name. */
  readonly schema: TSchema;
  /** As the kernel will report them. Verdicts are the caller's. @throws {WeirError} `VALUE`. */
  readonly canonical?: (settings: Spec, complain: Complain) => Spec;
  /** Verdict where none is declared; a kind without has none, or names it otherwise. */
  readonly verdict?: (settings: Spec) => string;
  /** Attributes that carry canonical settings; `action` is the verdict's number. */
  readonly attributes: (settings: Spec, action: number, ifindex: (name: string) => number) => Attributes;
  /** Names of the attributes that `observed` understands. */
  readonly reads: readonly string[];
  /** Settings that the kernel reports, without the verdict. */
  readonly observed: (attributes: Attributes, nameOf: (ifindex: number) => string) => Spec;
}
