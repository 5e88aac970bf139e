// SPDX-License-Identifier: Apache-2.0
import type { ApplyReport, ChangeStatus, RevisionRequest } from './schemas/change.ts';
import type { Target } from './target.ts';

/** A body as it came: parsed where it is used, not where it is received, since it can be large. */
export interface RawBody {
  readonly mediaType: 'application/json' | 'application/yaml';
  readonly bytes: Uint8Array;
}

/** A T as JSON text, rendered where it was made. */
export interface Rendered<_T> {
  readonly bytes: Uint8Array;
}

/** Who asks, as the history and the lock name it. */
export interface Caller {
  /** `root`, `uid 1000`, `token ops`, `certificate CN=...`. */
  readonly who: string;
  /** Address of the other end of the connection, when it is a TCP one. */
  readonly peer?: string;
}

/**
 * Options of a request from beside its body (query, If-Match): names and types of ApplyRequest, without documents. They
 * have been validated, and win over those in a body of JSON; a body of YAML has no place for any.
 */
export type RequestOptions = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** How a plan is told. */
export interface PlanView {
  /**
   * `actions` (the default) is for programs. `text` and `color` are for people: the report has `text`, the plan as
   * lines with SGR colours or without, and `actions` is empty.
   */
  readonly view?: 'actions' | 'text' | 'color';
  /** Every action and setting in the text, also where there are so many that it would sum up. */
  readonly full?: boolean;
}

/** Declaring and changing a node. Errors: `DOCUMENT` (with its list), `PLAN_REFUSED`, `LOCKED`, `REVISION_MISMATCH`. */
export interface ChangeService {
  /** What the documents would change. PlanRequest -> PlanReport. */
  plan(
    target: Target,
    body: RawBody,
    options: RequestOptions,
    caller: Caller,
    view?: PlanView,
  ): Promise<Rendered<'PlanReport'>>;
  /**
   * Carry it out. ApplyRequest -> ApplyReport; it resolves when applied or rolled back, and does not wait for the
   * confirmation. A report with `error` is of a change that failed and was undone (`rolled-back`) or could not be
   * undone (`rollback-failed`); one without is what was asked for, also from `rollback`.
   */
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
  /**
   * The running state of a namespace as documents that plan to nothing: JSON `{ "documents": [...] }`, which is a
   * PlanRequest, or the same documents as YAML text.
   */
  exportState(
    target: Target,
    query: { readonly netns?: string; readonly form?: 'json' | 'yaml' },
  ): Promise<Rendered<'documents'>>;
  /** PlanReport from revision `from` (default: the running state) to revision `to` (default: the current). */
  diff(
    target: Target,
    query: { readonly from?: number; readonly to?: number },
    view?: PlanView,
  ): Promise<Rendered<'PlanReport'>>;
}
