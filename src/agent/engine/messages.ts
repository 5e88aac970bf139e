// SPDX-License-Identifier: Apache-2.0
// What the main thread and the engine's thread say to each other.
import type { ChangeService } from '../../api/change-service.ts';
import type { PolicyService } from '../../api/policy-service.ts';
import type { ProgramService } from '../../api/program-service.ts';
import type { VerdictLine } from '../../api/schemas/policies.ts';
import {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  messageOf,
  type PlacedProblem,
  WeirError,
} from '../../base/errors.ts';
import type { ManagementSettings } from '../../engine/policy/management.ts';
import type { ChangeNumbers } from '../../metrics/change.ts';
import type { ChangeProgress, DriftChange } from '../../model/change.ts';

import type { PolicySizes } from '../../policy/compiled.ts';
import type { RunningFunction } from '../program-metrics.ts';

/** The use cases that the engine's thread serves. */
export type EngineService = ChangeService & PolicyService & ProgramService;

/** Settings of network policy. */
export interface PolicySettings {
  readonly management: ManagementSettings;
  readonly limits: PolicySizes;
  /** Drop at XDP what a host denies for certain. */
  readonly xdp: boolean;
}

/** What the engine's thread is started with. */
export interface EngineSettings {
  readonly stateDir: string;
  /** Directory in a bpffs. */
  readonly pinDir: string;
  readonly policy: PolicySettings;
  /** Directory of the keys of which one must have signed a program. */
  readonly keyDir?: string;
}

/** One call of a use case, without its target. */
export interface EngineCall {
  readonly id: number;
  readonly method: keyof EngineService | 'watchVerdicts' | 'policyMetrics';
  readonly args: readonly unknown[];
}

/** Asks the thread to undo what nobody has confirmed, and to end. */
export interface EngineStop {
  readonly stop: true;
}

/** From the engine's thread. */
export type EngineMessage =
  /** It has finished or undone what an earlier run left. */
  | { readonly kind: 'ready' }
  /** JSON of the answer, or the answer itself where that is text of another kind. */
  | { readonly kind: 'result'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'event'; readonly event: ChangeProgress | DriftChange }
  | { readonly kind: 'state'; readonly state: EngineState }
  | { readonly kind: 'verdicts'; readonly lines: readonly VerdictLine[] }
  | { readonly kind: 'warning'; readonly problem: string };

/** What the main thread keeps of the engine, for metrics and the description of the node. */
export interface EngineState {
  readonly numbers: ChangeNumbers;
  readonly programs: readonly RunningFunction[];
  /** A network policy is in force. */
  readonly policy: boolean;
  /** What does not work. */
  readonly problem?: string;
}

/** An error as it crosses threads, where classes are lost. */
export interface SentError {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly message: string;
  readonly problems: readonly PlacedProblem[];
}

/** Any error, for the other thread. */
export function sentError(thrown: unknown): SentError {
  const error =
    thrown instanceof WeirError
      ? thrown
      : new WeirError('INTERNAL', { problem: messageOf(thrown) }, { cause: thrown });
  const { code, details, message, problems } = error;
  return { code, details, message, problems };
}

/** The error that the other thread threw. */
export function receivedError({ code, details, message, problems }: SentError): WeirError {
  const error = new WeirError(code in ERRORS ? code : 'INTERNAL', details, { problems });
  error.message = message;
  return error;
}
