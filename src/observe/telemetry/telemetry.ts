// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../../base/errors.ts';
import type { BpfMap, KernelSymbols } from '../../kernel/ports.ts';

/** The maps of the telemetry programs that run. */
export interface TelemetryMaps {
  /** Undefined when the program does not run. */
  map(program: string, map: string): BpfMap | undefined;
  /** It counts only while somebody looks: what its maps hold is no total. */
  onDemand(program: string): boolean;
  /**
   * Have it count until what is returned is disposed of, if it does not count anyway.
   * @throws {WeirError} when the kernel refuses to attach it.
   */
  watch(program: string): Disposable;
  /** Why it does not run; undefined when it does. */
  problem(program: string): string | undefined;
  /** Names of `enum skb_drop_reason` of this kernel, by number. */
  readonly dropReasons: ReadonlyMap<number, string>;
  /** Names of `enum sk_rst_reason` of this kernel, by number. */
  readonly resetReasons: ReadonlyMap<number, string>;
  readonly symbols: KernelSymbols;
}

/** What of telemetry one scrape has read: each map once, however many namespaces ask. */
export class TelemetryReadings {
  readonly #telemetry: TelemetryMaps;
  readonly #read = new Map<unknown, unknown>();

  constructor(telemetry: TelemetryMaps) {
    this.#telemetry = telemetry;
  }

  /** The result of `read`, which is called once. A promise counts as a result. */
  once<T>(read: (telemetry: TelemetryMaps) => T): T {
    if (!this.#read.has(read)) this.#read.set(read, read(this.#telemetry));
    return this.#read.get(read) as T;
  }
}

/** Telemetry of an agent that has none. */
export const NO_TELEMETRY: TelemetryMaps = {
  map: () => undefined,
  onDemand: () => false,
  watch: () => ({ [Symbol.dispose]: () => {} }),
  problem: () => 'it is switched off',
  dropReasons: new Map(),
  resetReasons: new Map(),
  symbols: { names: async () => new Map() },
};

/** @throws {WeirError} `NO_DATA` when the program does not run. */
export function mapOf(telemetry: TelemetryMaps, program: string, map: string): BpfMap {
  const found = telemetry.map(program, map);
  if (found !== undefined) return found;
  throw new WeirError('NO_DATA', {
    what: `eBPF telemetry "${program}"`,
    problem: `: ${telemetry.problem(program)}`,
  });
}
