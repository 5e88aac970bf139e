// SPDX-License-Identifier: Apache-2.0
import type { Variables } from '../codec/bpf/variables.ts';

/** Where a program of a telemetry object hangs: a tracepoint, as nothing on the path of packets is changed. */
export interface TelemetryHook {
  /** Its function in the object. */
  readonly program: string;
  /** The kernel's tracepoint: `kfree_skb`. Its arguments are typed by BTF (`tp_btf`). */
  readonly tracepoint: string;
  /**
   * What is not counted without it, in words, where kernels without the tracepoint exist: the rest goes on. Absent: the
   * whole object is of no use without it.
   */
  readonly without?: string;
}

/** `always`: as long as the agent is installed; `on-demand`: while somebody looks at what it counts. */
export type Runs = 'always' | 'on-demand';

/** One telemetry object: a folder in `ebpf/`, a switch in the settings, a directory of pins. */
export interface TelemetryProgram {
  /** Name of the folder, of the setting and of the collector. */
  readonly name: string;
  /** What it tells, in one line. */
  readonly description: string;
  /** When it is attached, unless the settings say otherwise. */
  readonly runs: Runs;
  readonly hooks: readonly TelemetryHook[];
  /** Functions that are filters of sockets, which user space opens and puts them on. */
  readonly sockets?: readonly string[];
  /** Maps that user space uses, by their names in the object. */
  readonly maps: readonly string[];
  /** Values of the object's `const volatile` variables. */
  variables(settings: TelemetrySettings): Variables;
  /** Sizes of maps that depend on settings. */
  sizes?(settings: TelemetrySettings): Readonly<Record<string, number>>;
  /** What stands in maps before anything is attached, in bytes. */
  prefill?(settings: TelemetrySettings): readonly MapFill[];
}

/** First entries of a map. */
export interface MapFill {
  readonly map: string;
  readonly entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
}

/** What an operator may set, by the settings' section `telemetry`. */
export interface TelemetrySettings {
  /** One packet of so many is looked at, where looking at each would cost too much. */
  readonly sampling: number;
  readonly flightRecorder: {
    /** Dropped packets that are kept. */
    readonly packets: number;
  };
  /** Groups of peers by name, each a list of prefixes: TCP round trip times are told apart by them. */
  readonly peerGroups: Readonly<Record<string, readonly string[]>>;
}
