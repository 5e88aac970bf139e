// SPDX-License-Identifier: Apache-2.0
import type { ApplyReport, ChangeStatus, RevisionRequest } from './schemas/change.ts';
import type { Target } from './target.ts';

/** A body as it came: parsed where it is used, not where it is received, since it can be large. */
export interface RawBody {
  readonly mediaType: 'application/json' | 'application/yaml';
  readonly bytes: Uint8Array;
}

/** JSON text of a T, rendered where it was made. */
export interface Rendered<_T> {
  readonly json: Uint8Array;
}

/** Who asks, as the history and the lock name it. */
export interface Caller {
  /** `uid 0 (root)`, `token ops`, `certificate CN=...`. */
  readonly who: string;
  /** Address of the other end of the connection, when it is a TCP one. */
  readonly peer?: string;
}

/** Options of a request in YAML, which has no place for them: names and types of ApplyRequest. */
export type RequestOptions = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** Declaring and changing a node. Errors: `DOCUMENT` (with its list), `PLAN_REFUSED`, `LOCKED`, `REVISION_MISMATCH`. */
export interface ChangeService {
  /** What the documents would change. PlanRequest -> PlanReport. */
  plan(
    target: Target,
    body: RawBody,
    options: RequestOptions,
    caller: Caller,
  ): Promise<Rendered<'PlanReport'>>;
  /** Carry it out. ApplyRequest -> ApplyReport; it resolves when applied or rolled back, and does not wait for the confirmation. */
  apply(target: Target, body: RawBody, options: RequestOptions, caller: Caller): Promise<ApplyReport>;
  /** Keep what was applied. @throws {WeirError} `NOTHING_TO_CONFIRM`. */
  confirm(target: Target, request: RevisionRequest, caller: Caller): Promise<ApplyReport>;
  /** Undo what is unconfirmed, else bring back the documents of `revision` (default: the one before the current). */
  rollback(target: Target, request: RevisionRequest, caller: Caller): Promise<ApplyReport>;
  changeStatus(target: Target): Promise<ChangeStatus>;
  /** The history, newest first. RevisionPage. */
  revisions(
    target: Target,
    query: { readonly limit?: number; readonly cursor?: string },
  ): Promise<Rendered<'RevisionPage'>>;
  /** RevisionDetail. @throws {WeirError} `NOT_FOUND`. */
  revision(target: Target, revision: number): Promise<Rendered<'RevisionDetail'>>;
  /** The running state of a namespace as documents that plan to nothing. */
  exportState(target: Target, query: { readonly netns?: string }): Promise<Rendered<'documents'>>;
  /** PlanReport from revision `from` (default: the running state) to revision `to` (default: the current). */
  diff(
    target: Target,
    query: { readonly from?: number; readonly to?: number },
  ): Promise<Rendered<'PlanReport'>>;
}
