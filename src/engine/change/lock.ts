// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';

/** What a change is doing. */
export type Phase = 'plan' | 'probe' | 'execute' | 'verify' | 'unconfirmed' | 'rolling-back';

/** Who is changing the node. */
export interface Holder {
  readonly who: string;
  phase: Phase;
  /** Milliseconds since the epoch until which it may be held; absent while it works. */
  deadline?: number;
}

/** Lets one change through at a time. */
export class Lock {
  #holder: Holder | undefined;

  get holder(): Holder | undefined {
    return this.#holder;
  }

  /** @throws {WeirError} `LOCKED` naming who holds it, what for and until when. */
  take(who: string, phase: Phase): Holder {
    if (this.#holder !== undefined) throw refusal(this.#holder);
    this.#holder = { who, phase };
    return this.#holder;
  }

  release(): void {
    this.#holder = undefined;
  }
}

function refusal({ who, phase, deadline }: Holder): WeirError {
  const until = deadline === undefined ? '' : ` until ${new Date(deadline).toISOString()}`;
  const what = phase === 'unconfirmed' ? 'unconfirmed: confirm it or roll it back first' : phase;
  return new WeirError('LOCKED', { holder: who, phase: what, until });
}
