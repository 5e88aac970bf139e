// SPDX-License-Identifier: Apache-2.0
// Keeps what was compiled in force: the only one who writes the policy's maps.
import { randomBytes } from 'node:crypto';
import { wireOf } from '../../base/wire.ts';
import type {
  BpfMap,
  BpfRingReader,
  PolicyAttachment,
  PolicyDatapath,
  PolicyPlace,
  PolicyTables,
} from '../../kernel/ports.ts';
import type { CompiledPolicy, EndpointRecord, PolicySizes } from '../../policy/compiled.ts';
import {
  decodePolicyConfig,
  decodePolicyEvent,
  decodePolicyFlip,
  decodePolicyTrace,
  encodePolicyConfig,
  encodePolicyFlip,
  POLICY_CONFIG_SIZE,
  POLICY_FLIP_SIZE,
  type PolicyConfig,
  type PolicyEvent,
} from '../../programs/generated/policy.ts';
import { changedPlaces } from './changed-places.ts';
import { countersOf, dropsOf, type RuleCounters, reasonName } from './counts.ts';
import { PLACE_FLAG } from './layouts.ts';
import { fitting, hasRoom, mapSizes, STATE_SIZES, type StateSizes } from './map-sizes.ts';
import { type MapUpdate, type MapWrite, MapWriter, type PlaceEntry } from './map-writer.ts';

/** Where an endpoint is attached. */
export interface EndpointPlace extends PolicyPlace {
  readonly endpoint: EndpointRecord;
  /** The device's frames have no Ethernet header: TUN, WireGuard. */
  readonly l3?: boolean;
}

export interface EnforcerStatus {
  /** `damaged`: maps of another version of the programs; they are enforced, and the next update makes new ones. */
  readonly state: 'absent' | 'whole' | 'damaged';
  readonly epoch: number;
  /** Tells these maps from any others. */
  readonly stamp?: string;
}

/** What a dry run of the attached program says. */
export interface PolicyRun {
  readonly verdict: 'allow' | 'deny' | 'reject';
  readonly rule: number;
  readonly auditRule: number;
  readonly set: number;
  readonly identity: number;
  readonly endpoint: number;
  readonly reason: string;
}

/** Version of the layouts in ebpf/policy/policy.h that programs and maps have to share. */
const LAYOUT = 6;
/** Maps that a change of sizes or programs leaves: what they hold is worth more than their shape. */
const KEPT = [
  'policy_flows',
  'policy_new_flows',
  'policy_begun',
  'policy_buckets',
  'policy_fragments',
  'policy_drops',
  'policy_counters',
  'policy_log',
  'policy_trace',
];
const ZERO_KEY = new Uint8Array(4);
const OUTCOMES = ['allow', 'deny', 'reject'] as const;

export class PolicyEnforcer {
  readonly #datapath: PolicyDatapath;
  readonly #state: StateSizes;
  #tables: PolicyTables | undefined;
  #config: PolicyConfig | undefined;
  #writer: MapWriter | undefined;
  /** Those of the maps that the writer knows. */
  #places: readonly EndpointPlace[] = [];
  #sizes: PolicySizes | undefined;
  /** Until it settles packets of the former epoch may be under way. */
  #settled: Promise<void> = Promise.resolve();

  constructor(datapath: PolicyDatapath, state: StateSizes = STATE_SIZES) {
    this.#datapath = datapath;
    this.#state = state;
  }

  /** What is pinned. Opens it. */
  async status(): Promise<EnforcerStatus> {
    await this.#open();
    if (this.#tables === undefined) return { state: 'absent', epoch: 0 };
    const { layout, stamp } = this.#configNow();
    return {
      state: layout === LAYOUT ? 'whole' : 'damaged',
      epoch: this.#clock().before,
      stamp: stamp.toString(16),
    };
  }

  /** Open what is pinned; where nothing is, make maps that hold no policy. Nothing is attached by it. */
  async load(sizes: PolicySizes): Promise<void> {
    this.#sizes = sizes;
    await this.#open();
    if (this.#tables !== undefined) return;
    const made = await this.#create(sizes);
    await this.#datapath.commit(made, []);
    this.#use(made);
  }

  /**
   * Put what was compiled in force, for these places and no others. `whole` makes the maps anew, beside those in force:
   * it serves the first policy, one that was not compiled from what is in force, other sizes and other programs.
   * @throws {KernelError} with the policy before still in force.
   */
  async update(compiled: CompiledPolicy, places: readonly EndpointPlace[], whole: boolean): Promise<void> {
    const former = this.#tables?.map('policy_counters');
    this.#sizes = fitting(this.#sizes, compiled.sizes, former?.maxEntries);
    const fits = this.#tables !== undefined && hasRoom(this.#tables, mapSizes(this.#sizes, this.#state));
    if (!whole && fits && this.#writer !== undefined && this.#tables !== undefined)
      return this.#change(this.#tables, this.#writer, compiled, places);
    await this.#settled;
    const made = await this.#create(this.#sizes);
    const writer = new MapWriter(made.map('policy_counters').cpus);
    try {
      const update = writer.fill(compiled, places.map(placeEntry));
      keepCounts(former, made.map('policy_counters'));
      this.#write(made, update.writes);
      flip(made, { epoch: update.epoch, read: 0 });
      await this.#datapath.commit(made, places);
    } catch (error) {
      this.#datapath.discard(made);
      throw error;
    }
    this.#use(made);
    this.#writer = writer;
    this.#places = places;
  }

  async attach(place: PolicyPlace): Promise<void> {
    await this.#open();
    await this.#datapath.attach(place);
  }

  async detach(space: number, ifindex: number): Promise<void> {
    await this.#datapath.detach(space, ifindex);
  }

  attachments(): readonly PolicyAttachment[] {
    return this.#datapath.attachments();
  }

  look(): Promise<void> {
    return this.#datapath.look();
  }

  /** By number of the counter. */
  counters(): RuleCounters {
    const { now } = this.#clock();
    return countersOf(this.#mustTables().map('policy_counters'), now, this.#datapath.ticksPerSecond());
  }

  /** Packets and bytes by reason: what was dropped, and what passed for another reason than a rule or connection. */
  drops(): Readonly<Record<string, { readonly packets: number; readonly bytes: number }>> {
    return dropsOf(this.#mustTables().map('policy_drops'));
  }

  /** Connections in the tables, those that are too old included until somebody needs their room. */
  flows(): { readonly established: number; readonly embryonic: number } {
    const tables = this.#mustTables();
    return {
      established: tables.map('policy_flows').entries().count,
      embryonic: tables.map('policy_new_flows').entries().count,
    };
  }

  /**
   * Run the attached program of a place on a frame, without any effect.
   * @param direction Of the endpoint. @param ignoreFlows As if no connection were known.
   */
  trace(
    place: PolicyPlace,
    direction: 'ingress' | 'egress',
    frame: Uint8Array,
    ignoreFlows = true,
  ): PolicyRun {
    const trace = this.#mustTables().map('policy_trace');
    const before = decodePolicyTrace(wireOf(trace.lookup(ZERO_KEY) as Uint8Array), 0).runs;
    const cb = Uint32Array.from([...this.#configNow().secret, ignoreFlows ? 1 : 0]);
    this.#datapath.run(place, direction, frame, new Uint8Array(cb.buffer));
    const { event, set, runs } = decodePolicyTrace(wireOf(trace.lookup(ZERO_KEY) as Uint8Array), 0);
    // no endpoint, or one of which no policy says anything: the program did not look
    if (runs === before)
      return {
        verdict: 'allow',
        rule: 1,
        auditRule: 1,
        set: 0,
        identity: 0,
        endpoint: 0,
        reason: 'NO_POLICY',
      };
    const { rule, auditRule, identity, endpoint, reason, action } = event;
    const verdict = OUTCOMES[action] ?? 'deny';
    return { verdict, rule, auditRule, set, identity, endpoint, reason: reasonName(reason) };
  }

  /** Sampled decisions as they come. */
  log(events: (events: readonly PolicyEvent[]) => void): { close(): void } {
    let batch: PolicyEvent[] = [];
    const reader: BpfRingReader = this.#datapath.readLog((wire, start) => {
      if (batch.length === 0)
        queueMicrotask(() => {
          const ready = batch;
          batch = [];
          events(ready);
        });
      batch.push(decodePolicyEvent(wire, start));
    });
    return reader;
  }

  /** Detach everything and remove it. */
  async unload(): Promise<void> {
    await this.#settled;
    await this.#datapath.unload();
    this.#tables = undefined;
    this.#config = undefined;
    this.#writer = undefined;
  }

  /** Resolves when no packet of the former epoch is under way and nothing is left to be cleaned up. */
  settled(): Promise<void> {
    return this.#settled;
  }

  async #change(
    tables: PolicyTables,
    writer: MapWriter,
    compiled: CompiledPolicy,
    places: readonly EndpointPlace[],
  ): Promise<void> {
    await this.#settled;
    // what fails half way leaves maps that only a whole new set puts right
    this.#writer = undefined;
    const changed = changedPlaces(this.#places, places);
    const update = writer.change(compiled, (changed ?? places).map(placeEntry), changed === undefined);
    this.#write(tables, update.writes);
    flip(tables, { epoch: update.epoch, read: 0 });
    this.#writer = writer;
    this.#places = places;
    this.#settled = this.#settle(tables, update);
  }

  /** After a change: wait for packets under way, delete what is left over, and wait again before its room is used. */
  async #settle(tables: PolicyTables, { leftovers }: MapUpdate): Promise<void> {
    await this.#datapath.gracePeriod();
    const gone = leftovers();
    if (gone.length === 0) return;
    for (const { map, keys, count } of gone) tables.map(map).deleteBatch(keys, count);
    await this.#datapath.gracePeriod();
  }

  #write(tables: PolicyTables, writes: readonly MapWrite[]): void {
    for (const { map, keys, values, count } of writes)
      tables.map(map).updateBatch(keys, values, count, map === 'policy_peers' || map === 'policy_places');
  }

  async #open(): Promise<void> {
    if (this.#tables !== undefined) return;
    const tables = await this.#datapath.open((pinned) => constantsOf(configOf(pinned)));
    if (tables !== undefined) this.#use(tables);
  }

  async #create(sizes: PolicySizes): Promise<PolicyTables> {
    const words = new Uint32Array(randomBytes(28).buffer.slice(0, 28));
    const config: PolicyConfig = {
      epoch: 0,
      hz: this.#datapath.ticksPerSecond(),
      secret: [...words.subarray(0, 4)].map((word) => word | 1),
      answerMark: ((words[4] as number) | 1) >>> 0,
      layout: LAYOUT,
      stamp: (BigInt(words[5] as number) << 32n) | BigInt(words[6] as number),
    };
    const made = await this.#datapath.create({
      sizes: mapSizes(sizes, this.#state),
      variables: constantsOf(config),
      kept: KEPT,
    });
    const wire = wireOf(new Uint8Array(POLICY_CONFIG_SIZE));
    encodePolicyConfig(wire, 0, config);
    made.map('policy_config').update(ZERO_KEY, wire.bytes);
    return made;
  }

  #use(tables: PolicyTables): void {
    this.#tables = tables;
    this.#config = configOf(tables);
  }

  #mustTables(): PolicyTables {
    if (this.#tables === undefined) throw new RangeError('no policy is loaded');
    return this.#tables;
  }

  #configNow(): PolicyConfig {
    this.#mustTables();
    return this.#config as PolicyConfig;
  }

  #clock(): { readonly before: number; readonly now: bigint } {
    return flip(this.#mustTables(), { epoch: 0, read: 1 });
  }
}

function flip(tables: PolicyTables, { epoch, read }: { readonly epoch: number; readonly read: number }) {
  const wire = wireOf(new Uint8Array(POLICY_FLIP_SIZE));
  encodePolicyFlip(wire, 0, { epoch, read, before: 0, now: 0n });
  tables.flip(wire.bytes);
  return decodePolicyFlip(wire, 0);
}

function configOf(tables: PolicyTables): PolicyConfig {
  return decodePolicyConfig(wireOf(tables.map('policy_config').lookup(ZERO_KEY) as Uint8Array), 0);
}

function constantsOf({ hz, secret, answerMark }: PolicyConfig): Readonly<Record<string, number>> {
  const [secret0 = 0, secret1 = 0, secret2 = 0, secret3 = 0] = secret;
  return { hz, secret0, secret1, secret2, secret3, answer_mark: answerMark };
}

function placeEntry({ io, ifindex, side, endpoint, l3 = false }: EndpointPlace): PlaceEntry {
  return [
    { space: io.netns.inode, ifindex },
    {
      endpoint: endpoint.endpoint,
      set: [endpoint.ingressSet, endpoint.egressSet],
      flags: (side === 'host' ? PLACE_FLAG.host : 0) | (l3 ? PLACE_FLAG.l3 : 0),
    },
  ];
}

/** Counters that stand in another map from now on, since there have to be more. */
function keepCounts(former: BpfMap | undefined, now: BpfMap): void {
  if (former === undefined || former.id === now.id) return;
  const { count, keys, values } = former.entries();
  const kept = Math.min(count, now.maxEntries);
  const [keySize, entrySize] = [now.keySize, now.stride * now.cpus];
  now.updateBatch(keys.bytes.subarray(0, kept * keySize), values.bytes.subarray(0, kept * entrySize), kept);
}
