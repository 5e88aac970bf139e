// SPDX-License-Identifier: Apache-2.0
import type { Phase } from './lock.ts';

/** What the engine is doing. */
export interface EngineStatus {
  readonly revision: number;
  readonly state: 'idle' | 'applying' | 'unconfirmed' | 'rolling-back';
  readonly holder?: string;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly progress?: { readonly phase: string; readonly done: number; readonly total: number };
  readonly owned: number;
  readonly problem?: string;
}

/** What it is doing in one word. @param phase Of the change under way; absent: there is none. */
export function stateOf(phase: Phase | undefined): EngineStatus['state'] {
  if (phase === undefined) return 'idle';
  return phase === 'unconfirmed' || phase === 'rolling-back' ? phase : 'applying';
}
