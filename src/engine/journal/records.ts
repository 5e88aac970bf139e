// SPDX-License-Identifier: Apache-2.0
// What the journal keeps, as plain data.
import type { OwnedObject } from '../../model/object.ts';
import type { Document } from '../../plan/document.ts';
import type { Image } from '../../plan/plan.ts';
import type { PlanCounts } from '../../plan/report.ts';

/** Where a revision has got to. `rollback-failed`: neither the start nor the end. */
export type RevisionState = 'applying' | 'unconfirmed' | 'confirmed' | 'rolled-back' | 'rollback-failed';

/** A document with the name by which revisions merge it. */
export type KeptDocument = Pick<Document, 'name' | 'value'>;

/** One line of the history. */
export interface RevisionRecord {
  readonly revision: number;
  readonly state: RevisionState;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly who: string;
  readonly reason?: string;
  readonly counts: PlanCounts;
  /** Names of its documents. */
  readonly documents: readonly string[];
  readonly restores?: number;
  readonly error?: string;
  readonly confirmedBy?: string;
}

/** The change that is neither confirmed nor undone. */
export interface OpenChange {
  readonly revision: number;
  readonly phase: 'applying' | 'unconfirmed' | 'rolling-back' | 'rollback-failed';
  /** Boot of the machine in which it began. */
  readonly boot: string;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
}

/** What differs between the documents of two revisions. */
export interface DocumentsSince {
  readonly revision: number;
  /** Names of documents that are gone. */
  readonly gone: readonly string[];
  /** Documents that are new or different. */
  readonly set: readonly KeptDocument[];
}

/** What must be durable before the first side effect. */
export interface NewChange {
  readonly time: number;
  readonly who: string;
  readonly reason?: string;
  readonly restores?: number;
  readonly counts: PlanCounts;
  /** Asked for where `since` does not tell. */
  readonly documents: () => readonly KeptDocument[];
  /** What of them differs from an earlier revision, where that is known. */
  readonly since?: DocumentsSince;
  /** The plan as text, for the history. */
  readonly plan: string;
  readonly image: Image;
  readonly owned: OwnedDelta;
  readonly boot: string;
}

/** What changes of the owned objects: their new value, or null for those that are owned no longer. */
export type OwnedDelta = ReadonlyMap<string, OwnedObject | null>;
