// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../../base/errors.ts';
import { objectId, type Spec } from '../../model/object.ts';
import type {
  EndpointSpec,
  PolicyClassName,
  PolicyDirection,
  PolicyOperation,
  PolicySpec,
} from '../../model/policy.ts';
import type { Diagnostic } from '../../plan/plan.ts';
import type { CompiledPolicy, PolicySizes, RuleOrigin } from '../../policy/compiled.ts';
import type { World } from '../../policy/world.ts';
import type { PolicyEvent } from '../../programs/generated/policy.ts';
import { Attachments } from './attachments.ts';
import { capacityFor, fits } from './capacity.ts';
import { DeviceNames } from './device-names.ts';
import { numbersOf } from './notes.ts';
import { countOf, NO_OBJECTS, type PolicyObjects, settingAll, specIn } from './objects.ts';
import { EndpointDevices } from './places.ts';
import type { Counts, Enforcement, Examined, Place, PolicyHostParts, Reasons, Traced } from './ports.ts';
import type { PolicyView } from './reader.ts';
import { type Candidate, Worlds } from './worlds.ts';

/** What is in force. */
interface InForce extends Candidate {
  readonly places: readonly Place[];
}

/** A device of an endpoint. */
export interface ShownPlace {
  readonly netns: string;
  readonly device: string;
  readonly ifindex: number;
  readonly attached: boolean;
  /** True when what is denied for certain is dropped at XDP already. */
  readonly xdp: boolean;
}

/** Milliseconds after which what nobody asked for, and failed, is tried again. */
const RETRY_MS = 10_000;

const NOTHING = new Float64Array(0);
const NO_COUNTS: Counts = { packets: NOTHING, bytes: NOTHING, last: NOTHING };

/**
 * Holds what network policy is in force, and puts the objects that steps ask for in force together. Nothing is loaded
 * while there is no object. One thing is done at a time; what devices that come and go ask for waits for its turn.
 */
export class PolicyHost implements PolicyView {
  readonly #parts: PolicyHostParts;
  readonly #devices: EndpointDevices;
  readonly #attachments: Attachments;
  readonly #worlds: Worlds;
  /** The objects in force, as the notes say as long as nothing was compiled. */
  #objects: PolicyObjects = NO_OBJECTS;
  #inForce: InForce | undefined;
  /** The notes are of what is in force. */
  #isNoted = false;
  #capacity: PolicySizes | undefined;
  #staged: PolicyOperation[] = [];
  #guarded: readonly string[] = [];
  #management: readonly PolicySpec[];
  #turn: Promise<unknown> = Promise.resolve();
  #names = new DeviceNames(NO_OBJECTS.endpoint);
  #retry: NodeJS.Timeout | undefined;
  readonly #listeners: (() => void)[] = [];
  /** Called when somebody has detached programs. */
  onDetached: () => void = () => {};
  readonly #tally = { done: 0, failed: 0, seconds: 0 };

  constructor(parts: PolicyHostParts) {
    this.#parts = parts;
    this.#worlds = new Worlds(parts);
    this.#attachments = new Attachments(parts.enforcer, () => this.onDetached(), parts.warn);
    this.#management = parts.management([]);
    const { open, refresh, warn, xdp = true } = parts;
    const changed = () => void this.#again('devices of endpoints', () => this.#devices.haveChanged);
    this.#devices = new EndpointDevices({ open, refresh, warn, changed, xdp });
  }

  /** What decides about packets now; undefined while nothing does. */
  get world(): World | undefined {
    return this.#inForce?.world;
  }

  /** Numbers of rules and endpoints; of what is in force after `settled`. */
  get compiled(): CompiledPolicy | undefined {
    return this.#inForce === undefined ? undefined : this.#worlds.compiled;
  }

  /** Resolves when nothing is being changed; what is asked for until the next wait is about what is in force. */
  async settled(): Promise<void> {
    await this.#alone(async () => {
      if (this.#inForce !== undefined) this.#worlds.compile(this.#inForce.world);
    });
  }

  get objects(): PolicyObjects {
    return this.#objects;
  }

  /** Find out what an earlier agent left in force. Nothing is changed. */
  async start(): Promise<void> {
    const { state, epoch, stamp } = await this.#parts.enforcer.status();
    if (state !== 'whole' || stamp === undefined) return;
    const noted = this.#parts.notes.read(stamp, epoch);
    if (noted === undefined) return;
    this.#isNoted = true;
    this.#objects = noted.objects;
    this.#worlds.kept = { epoch, numbers: noted.numbers };
  }

  /** Compile what an earlier agent left in force, and take its place: devices that came meanwhile are attached by that. */
  async takeOver(): Promise<void> {
    if (countOf(this.#objects) > 0 && this.#inForce === undefined) await this.#again('what was in force');
  }

  inForce(name: PolicyClassName, key: string): Spec | undefined {
    const spec = specIn(this.#objects, name, key);
    if (spec === undefined || name !== 'endpoint') return spec;
    const detached = this.#detached(this.#placesOf(key));
    return detached.length === 0 ? spec : { ...spec, detached };
  }

  keys(name: PolicyClassName): Iterable<string> {
    return this.#objects[name].keys();
  }

  /** A step: it takes effect with `commit`. */
  stage(operation: PolicyOperation): void {
    this.#staged.push(operation);
  }

  get hasStaged(): boolean {
    return this.#staged.length > 0;
  }

  /** Forget what was staged. */
  discard(): void {
    this.#staged = [];
  }

  /** Put what was staged in force, for all packets at once. @throws {WeirError}, {KernelError}; then it is as before. */
  async commit(): Promise<void> {
    const operations = this.#staged;
    this.#staged = [];
    await this.#alone(() => this.#carryOut(operations));
  }

  /** Whether an endpoint has devices of this name, and there are policies. */
  covers(netns: string, device: string): boolean {
    const { endpoint, policy } = this.#objects;
    if (policy.size === 0) return false;
    if (this.#names.endpoints !== endpoint) this.#names = new DeviceNames(endpoint);
    return this.#names.has(netns, device);
  }

  /** Attach devices that have just been made, without waiting for the kernel to tell of them. */
  async protect(netns: string, devices: readonly string[]): Promise<void> {
    await this.#alone(async () => {
      await this.#devices.follow(this.#objects.endpoint);
      await this.#devices.meet(netns, devices);
      if (this.#devices.haveChanged) await this.#carryOut([]);
    });
  }

  /** From the next commit on these can always reach this host: whoever has to confirm a change. */
  guard(peers: readonly string[]): void {
    if (peers.join() === this.#guarded.join()) return;
    this.#guarded = peers;
    this.#management = this.#parts.management(peers);
  }

  /** Put the rules that keep the node reachable in force, should they be others by now. */
  async settle(): Promise<void> {
    const { world } = this.#inForce ?? {};
    if (world !== undefined && world.management !== this.#management)
      await this.#again('rules of management');
  }

  /** What forbids these operations. */
  errors(operations: readonly PolicyOperation[]): Promise<readonly Diagnostic[]> {
    return this.#alone(async () => {
      const { world } = this.#worlds.after(operations, this.#start);
      return this.#parts.logic.errors(this.#examined(world, operations, []));
    });
  }

  /** What a person should know of these operations, which may have been carried out already. */
  warnings(operations: readonly PolicyOperation[], peers: readonly string[]): Promise<readonly Diagnostic[]> {
    return this.#alone(async () => {
      const isDone = operations.every(
        (one) => specIn(this.#objects, one.class, one.key) === (one.op === 'set' ? one.spec : undefined),
      );
      const inForce = isDone ? this.#inForce?.world : undefined;
      const world = inForce ?? this.#worlds.after(operations, this.#start).world;
      return this.#parts.logic.warnings(this.#examined(world, operations, peers));
    });
  }

  #examined(world: World, operations: readonly PolicyOperation[], peers: readonly string[]): Examined {
    const changed = new Set(operations.map(({ class: name, key }) => objectId('', name, key)));
    return { world, compiled: this.#worlds.compile(world), changed, peers, limits: this.#parts.limits };
  }

  /** Updates since the start. */
  get tally(): { readonly results: Readonly<Record<string, number>>; readonly seconds: number } {
    const { done, failed, seconds } = this.#tally;
    return { results: { done, failed }, seconds };
  }

  /** Key of the endpoint of this number. */
  endpointOf(number: number): string | undefined {
    return this.#inForce?.places.find(({ endpoint }) => endpoint.endpoint === number)?.endpoint.key;
  }

  /** Called after each update. */
  onUpdate(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Verdicts as they are sampled. */
  follow(deliver: (events: readonly PolicyEvent[]) => void): { close(): void } {
    return this.#parts.enforcer.log(deliver);
  }

  /** Packets by why they were dropped, and connections; nothing while no policy is in force. */
  numbers(): { readonly drops: Reasons; readonly flows: ReturnType<Enforcement['flows']> } | undefined {
    if (this.#inForce === undefined) return undefined;
    return { drops: this.#parts.enforcer.drops(), flows: this.#parts.enforcer.flows() };
  }

  /** What rules have counted, by the numbers of their counters. */
  counters(): Counts {
    return this.#inForce === undefined ? NO_COUNTS : this.#parts.enforcer.counters();
  }

  /** Milliseconds since the epoch when the rule of this name began to count; undefined when that is not known. */
  since(rule: string): number | undefined {
    return this.#parts.notes.since(rule);
  }

  /** Prefixes of a set. */
  prefixesIn(set: string): number {
    const list = this.#inForce?.world.sets.get(set);
    return list === undefined ? 0 : list.v4.length + list.v6Lengths.length;
  }

  /** Devices of an endpoint that are there. */
  placesOf(endpoint: string): readonly ShownPlace[] {
    const places = this.#placesOf(endpoint);
    const gone = new Set(this.#detached(places));
    const early = new Set(this.#attachments.atXdp(places));
    return places.map((place) => {
      const { netns, device, ifindex } = place;
      return { netns, device, ifindex, attached: !gone.has(device), xdp: early.has(place) };
    });
  }

  /** Endpoints that are this host and have the address on one of its devices. */
  hostsAt(address: string): readonly EndpointSpec[] {
    const hosts = this.#inForce?.places.filter(({ endpoint }) => endpoint.host) ?? [];
    const found = hosts.filter((place) => this.#parts.addresses(place).includes(address));
    return [...new Set(found.map(({ endpoint }) => endpoint.key))].flatMap(
      (key) => this.#objects.endpoint.get(key) ?? [],
    );
  }

  /** What the program on the first device of an endpoint says of a frame; undefined where none is attached. */
  trace(
    endpoint: string,
    direction: PolicyDirection,
    frame: Uint8Array,
  ): (Traced & { readonly device: string; readonly origin?: RuleOrigin }) | undefined {
    const { places = [] } = this.#inForce ?? {};
    const { compiled } = this.#worlds;
    const place = places.find((one) => one.endpoint.key === endpoint);
    if (place === undefined || compiled === undefined) return undefined;
    const traced = this.#parts.enforcer.trace(place, direction, frame);
    const origin = compiled.rule(traced.rule)?.origin;
    return { ...traced, device: place.device, ...(origin && { origin }) };
  }

  /** Take everything away. */
  async unload(): Promise<void> {
    await this.#alone(() => this.#unload());
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#attachments.close();
    this.#devices.close();
    this.#parts.notes.close();
  }

  /** Do again what was done, with what is there now. */
  async #again(why: string, isDue = () => true): Promise<void> {
    try {
      await this.#alone(async () => {
        if (countOf(this.#objects) > 0 && isDue()) await this.#carryOut([]);
      });
    } catch (error) {
      this.#parts.warn(`network policy, ${why}: ${messageOf(error)}`);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        void this.#again(why, isDue);
      }, RETRY_MS).unref();
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Where operations start from. */
  get #start() {
    return { objects: this.#objects, management: this.#management, inForce: this.#inForce };
  }

  async #carryOut(operations: readonly PolicyOperation[]): Promise<void> {
    const { objects, world } = this.#worlds.take(operations, this.#start);
    if (countOf(objects) === 0) return this.#unload();
    const { enforcer, notes, limits } = this.#parts;
    // what was accepted is the past of what is compiled next, also of the same world
    const again = world === this.#inForce?.world;
    const compiled = again ? this.#worlds.recompile(world) : this.#worlds.compile(world);
    const before = this.#inForce;
    const grows = this.#capacity === undefined || !fits(compiled.sizes, this.#capacity);
    const capacity = grows ? capacityFor(compiled.sizes, limits) : (this.#capacity as PolicySizes);
    await enforcer.load(capacity);
    await this.#devices.follow(objects.endpoint);
    const places = objects.policy.size === 0 ? [] : this.#devices.places(compiled);
    const isWhole = before === undefined || grows;
    notes.begin({
      epoch: compiled.epoch,
      operations: this.#isNoted ? operations : settingAll(objects),
      numbers: numbersOf(compiled, before === undefined),
      isFresh: !this.#isNoted,
      isWhole,
    });
    const began = performance.now();
    try {
      await enforcer.update(compiled, places, isWhole);
    } catch (error) {
      notes.undone();
      this.#devices.lookAnew();
      this.#tally.failed++;
      throw error;
    }
    this.#worlds.accept();
    this.#capacity = capacity;
    notes.done((await enforcer.status()).stamp ?? '', compiled.epoch);
    this.#isNoted = true;
    this.#tally.done++;
    this.#tally.seconds = (performance.now() - began) / 1000;
    this.#objects = objects;
    this.#inForce = { objects, world, places };
    await this.#attachments.update(places);
    for (const listener of this.#listeners) listener();
  }

  async #unload(): Promise<void> {
    this.#objects = NO_OBJECTS;
    this.#inForce = undefined;
    this.#worlds.forget();
    this.#capacity = undefined;
    this.#isNoted = false;
    await this.#devices.follow(NO_OBJECTS.endpoint);
    this.#attachments.close();
    await this.#parts.enforcer.unload();
    this.#parts.notes.remove();
    for (const listener of this.#listeners) listener();
  }

  #placesOf(endpoint: string): readonly Place[] {
    return this.#inForce?.places.filter(({ endpoint: { key } }) => key === endpoint) ?? [];
  }

  /** Of these places, the devices from which others have taken the programs away. */
  #detached(places: readonly Place[]): readonly string[] {
    return this.#attachments.missing(places, this.#inForce?.places ?? []);
  }
}
