// SPDX-License-Identifier: Apache-2.0
// What the engine is asked for, and by whom.
import type { DocumentSet } from './documents.ts';

/** Who asks, and from where. */
export interface Asker {
  readonly who: string;
  /** Addresses that the answer has to reach. */
  readonly peers: readonly string[];
}

/** What a plan is asked for. */
export interface PlanWish {
  readonly documents: DocumentSet;
  /** Drop the documents of the current revision that are not given. */
  readonly prune: boolean;
  /** Names of documents to drop. */
  readonly remove?: readonly string[];
}

/** How a change is to be made. */
export interface ChangeWish {
  readonly confirmSeconds: number;
  readonly probes: readonly string[];
  readonly reason?: string;
  readonly ifRevision?: number;
  /** The revision whose documents it brings back. */
  readonly restores?: number;
}
