// SPDX-License-Identifier: Apache-2.0
// Truth tables: which endpoint may reach which, under which policies.

/** An endpoint of a table: a workload behind a device of its own. */
export interface TableEndpoint {
  /** `namespace/name`. */
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** One or two: of different families. */
  readonly addresses: readonly string[];
  /** What it listens on. */
  readonly ports?: readonly TablePort[];
}

export interface TablePort {
  readonly name?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
}

export type TableVerdict = 'allow' | 'deny' | 'reject';

/** Of every ordered pair of different endpoints that listen there, what shall come of a connection. */
export interface TableCheck {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'MLD';
  readonly port?: number;
  readonly default: TableVerdict;
  /** Pairs with the other verdict. */
  readonly except?: readonly (readonly [from: string, to: string])[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly addressFamily?: 4 | 6;
}

export interface TableStep {
  readonly say?: string;
  /** All documents in force; what is not among them is gone. */
  readonly documents?: readonly unknown[];
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly endpoints?: readonly TableEndpoint[];
  readonly checks?: readonly TableCheck[];
  /** The documents are refused, and nothing changes. */
  readonly expectError?: boolean;
}

export interface TruthTable {
  readonly name: string;
  readonly requires?: readonly string[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly endpoints: readonly TableEndpoint[];
  readonly steps: readonly TableStep[];
}
