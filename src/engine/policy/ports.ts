// SPDX-License-Identifier: Apache-2.0
// What the policy host stands on: the pure layer that compiles and judges, and the programs that enforce.
import type { NamespaceIo } from '../../kernel/ports.ts';
import type { ObjectId } from '../../model/object.ts';
import type { CidrSetSpec, EndpointSide, PolicyDirection, PolicySpec } from '../../model/policy.ts';
import type { Diagnostic } from '../../plan/plan.ts';
import type { CompiledPolicy, EndpointRecord, PolicySizes } from '../../policy/compiled.ts';
import type { PrefixList } from '../../policy/prefixes.ts';
import type { World } from '../../policy/world.ts';
import type { PolicyEvent } from '../../programs/generated/policy.ts';
import type { Numbers, PolicyNotes } from './notes.ts';

/** Numbers that must stay although there is nothing to compile from. */
export interface Kept {
  readonly epoch: number;
  readonly numbers: Numbers;
}

/** A world that is not in force yet. */
export interface Examined {
  readonly world: World;
  readonly compiled: CompiledPolicy;
  /** Ids of the objects that are new, different or gone. */
  readonly changed: ReadonlySet<ObjectId>;
  /** Addresses of whoever asks for it. */
  readonly peers: readonly string[];
  readonly limits: PolicySizes;
}

/**
 * Worlds, one after the other, into contents of maps. What it gives is about the world that was compiled last, and differs
 * from the one that was accepted last.
 */
export interface Compiling {
  readonly world: World;
  update(world: World): CompiledPolicy;
  accept(): void;
}

/** The pure layer. */
export interface PolicyLogic {
  /** @param kept Numbers of maps that are there already. */
  compiler(kept: Kept | undefined): Compiling;
  /** What forbids that it comes into force. */
  errors(about: Examined): readonly Diagnostic[];
  /** What makes no sense, or is not what is wanted perhaps. */
  warnings(about: Examined): readonly Diagnostic[];
}

/** A device that an endpoint's traffic passes. */
export interface Place {
  /** '' is the agent's own namespace. */
  readonly netns: string;
  readonly io: NamespaceIo;
  readonly ifindex: number;
  readonly device: string;
  readonly side: EndpointSide;
  /** Its frames have no Ethernet header. */
  readonly l3: boolean;
  /** What is denied for certain is dropped at XDP. */
  readonly early: boolean;
  readonly endpoint: EndpointRecord;
}

/** A hook of a device that is pinned. */
export interface PlaceHook {
  /** Inode of the network namespace. */
  readonly space: number;
  readonly ifindex: number;
  readonly hook: 'ingress' | 'egress' | 'xdp';
  /** False when the device is gone or others have detached the program. */
  readonly attached: boolean;
}

/** What a packet meets. */
export interface Traced {
  readonly verdict: 'allow' | 'deny' | 'reject';
  /** Number of the rule that decides. */
  readonly rule: number;
  /** Of the rule that would if policies in audit mode were enforced. */
  readonly auditRule: number;
  readonly identity: number;
  readonly reason: string;
}

/** Packets and bytes, by number of the counter. */
export interface Counts {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** Milliseconds since the epoch of the last packet, 0 for none. */
  readonly last: Float64Array;
}

/** What is pinned. */
export interface Pinned {
  readonly state: 'absent' | 'whole' | 'damaged';
  /** Of the last update that was completed. */
  readonly epoch: number;
  /** Made at random when the maps were made: tells notes of these maps from those of others. */
  readonly stamp?: string;
}

/** Packets and bytes by reason. */
export type Reasons = Readonly<Record<string, { readonly packets: number; readonly bytes: number }>>;

/**
 * The programs that judge packets, with their maps: pinned, so that they outlive the agent. All throw {WeirError},
 * {KernelError}.
 */
export interface Enforcement {
  status(): Promise<Pinned>;
  /** Make and pin what is absent, holding this much: nothing is judged before `attach`. */
  load(sizes: PolicySizes): Promise<void>;
  /**
   * Put a compiled policy in force, for all packets at once. Places get their endpoint by this.
   * @param isWhole Nothing that is there is to be built on: all is made anew beside it, and takes its place.
   */
  update(compiled: CompiledPolicy, places: readonly Place[], isWhole: boolean): Promise<void>;
  attach(place: Place): Promise<void>;
  detach(space: number, ifindex: number): Promise<void>;
  attachments(): readonly PlaceHook[];
  /** Find out what `attachments` does not see by itself: filters that others have deleted, before Linux 6.6. */
  look(): Promise<void>;
  counters(): Counts;
  drops(): Reasons;
  flows(): { readonly established: number; readonly embryonic: number };
  /** Have the attached program judge a frame, without a trace in counters and flows. */
  trace(place: Place, direction: PolicyDirection, frame: Uint8Array): Traced;
  /** Verdicts as they are sampled. */
  log(deliver: (events: readonly PolicyEvent[]) => void): { close(): void };
  /** Take everything away. */
  unload(): Promise<void>;
}

/** What the host works with. */
export interface PolicyHostParts {
  readonly enforcer: Enforcement;
  readonly logic: PolicyLogic;
  readonly notes: PolicyNotes;
  /** Most that the maps may hold. */
  readonly limits: PolicySizes;
  /** Drop at XDP what hosts deny for certain; absent: true. */
  readonly xdp?: boolean;
  open(netns: string): Promise<NamespaceIo>;
  refresh(): Promise<void>;
  /** The prefixes of a set; the same list while neither the set nor its file is another. @throws {WeirError} `VALUE`. */
  prefixes(set: CidrSetSpec): PrefixList;
  /** Addresses of a device as it is now. */
  addresses(place: Place): readonly string[];
  /** Rules that keep the node reachable. `peers` are addresses that a change waits for. */
  management(peers: readonly string[]): readonly PolicySpec[];
  warn(problem: string): void;
}
