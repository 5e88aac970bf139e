// SPDX-License-Identifier: Apache-2.0
// A truth table is judged by several judges, which have to agree: the pure model, the program by BPF_PROG_TEST_RUN, and
// traffic between namespaces.
import type { TableEndpoint, TruthTable } from './table.ts';

/** What a judge says of one probe: `reject` is a deny that answers. */
export type JudgedVerdict = 'allow' | 'deny' | 'reject';

/** A new connection, or an echo request, from one endpoint to another. */
export interface Probe {
  /** `namespace/name`. */
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly destination: string;
  readonly family: 4 | 6;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'MLD';
  /** Absent with ICMP. */
  readonly port?: number;
}

/** What is in force in a step. */
export interface Situation {
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly endpoints: ReadonlyMap<string, TableEndpoint>;
  /** As they stand in the table. */
  readonly documents: readonly unknown[];
}

/** The answer to one probe. */
export interface Judgement {
  readonly verdict: JudgedVerdict;
  /** The policy and rule that decided, as far as the judge knows. */
  readonly by?: string;
}

/** One judge at work on one table. Disposed at its end. */
export interface Sitting extends AsyncDisposable {
  /**
   * Puts the documents of a step in force, on what stands from the step before.
   * @returns why they are refused; undefined when they are in force.
   */
  enter(situation: Situation): Promise<string | undefined>;
  /** Judges probes of the step; in the order of the probes. `expected` tells live judges how long to be patient. */
  judge(probes: readonly Probe[], expected: readonly JudgedVerdict[]): Promise<readonly Judgement[]>;
  /** Why it cannot judge a probe; undefined when it can. */
  cannot(probe: Probe): string | undefined;
}

export interface Judge {
  readonly name: 'model' | 'test_run' | 'live';
  /** A feature that the case needs and that this judge lacks: it is skipped, and the reason is shown. */
  lacks(requires: readonly string[]): string | undefined;
  open(table: TruthTable): Promise<Sitting>;
}
