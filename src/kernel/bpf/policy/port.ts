// SPDX-License-Identifier: Apache-2.0
// The interface between Weir and the programs of network policy in the kernel.
import type { NamespaceIo } from '../../ports.ts';
import type { BpfMap, BpfRingReader, RingSink } from '../port.ts';

/** Where a policy's programs hang: a device and what its endpoint is. */
export interface PolicyPlace {
  readonly io: NamespaceIo;
  readonly ifindex: number;
  /** `workload`: the endpoint is behind the device, so that what enters the device leaves the endpoint. */
  readonly side: 'workload' | 'host';
  /** Also drop early, at XDP; only of a host. */
  readonly early?: boolean;
}

/** Where a policy's programs are attached. */
export interface PolicyAttachment {
  /** Inode of the network namespace. */
  readonly space: number;
  readonly ifindex: number;
  readonly hook: 'ingress' | 'egress' | 'xdp';
  /** False when the device is gone or the link was detached. */
  readonly attached: boolean;
  /** Id of the program; 0 when it is not attached. */
  readonly program: number;
}

/** Maps and programs of network policy that belong together. */
export interface PolicyTables {
  /** Counts up: of two the one with the higher number is newer. */
  readonly generation: number;
  /** A map by its name in the object. @throws {WeirError} `BPF_OBJECT` when there is none. */
  map(name: string): BpfMap;
  /** Run the program that puts an epoch in force: `flip` is its argument, which it writes its answer into. */
  flip(flip: Uint8Array): void;
}

/** What new tables are made with. */
export interface PolicyTablesOptions {
  /** Entries of maps by name. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Values of `const volatile` variables of all instances. */
  readonly variables: Readonly<Record<string, number>>;
  /** Maps of the tables in force that are used on, if they have the same shape: connections and counters. */
  readonly kept: readonly string[];
}

/**
 * Network policy in the kernel, pinned so that it goes on without a process. It knows maps and bytes; what they mean is
 * the engine's. All throw {@link KernelError} or {WeirError} `BPF_OBJECT`, `BPF_VERIFIER`, `BPF_FEATURE`.
 */
export interface PolicyDatapath {
  /**
   * The tables in force; what a process that was killed left half done is finished or thrown away.
   * @param constants Their instances' variables, as they were when they were made.
   */
  open(
    constants: (tables: PolicyTables) => Readonly<Record<string, number>>,
  ): Promise<PolicyTables | undefined>;
  /** New tables beside those in force. Nothing uses them before `commit`. */
  create(options: PolicyTablesOptions): Promise<PolicyTables>;
  /**
   * Let all that is attached use these tables, each device at once, and remove the former ones.
   * @param places Of all that is attached: filters on clsact can be told of it only through their namespace.
   */
  commit(tables: PolicyTables, places: readonly PolicyPlace[]): Promise<void>;
  /** Throw away tables that were not committed. */
  discard(tables: PolicyTables): void;
  /** Attach to a device. Nothing happens where it is attached already. */
  attach(place: PolicyPlace): Promise<void>;
  /** Detach from a device of a namespace, also of one that is gone. */
  detach(space: number, ifindex: number): Promise<void>;
  /** Of filters on clsact as they were found by the last `look`. */
  attachments(): readonly PolicyAttachment[];
  /** Ask the kernel for what no descriptor tells: which filters are still there. */
  look(): Promise<void>;
  /**
   * Run the program of a direction of the endpoint on a frame, as if it passed the device.
   * @param cb Bytes of skb->cb. @returns what the program returned.
   */
  run(place: PolicyPlace, direction: 'ingress' | 'egress', frame: Uint8Array, cb: Uint8Array): number;
  /** Wait until all packets that are being judged now have been judged. */
  gracePeriod(): Promise<void>;
  /** Records of the log as they come. */
  readLog(sink: RingSink): BpfRingReader;
  /** CONFIG_HZ. */
  ticksPerSecond(): number;
  /** Detach and remove everything. */
  unload(): Promise<void>;
}
