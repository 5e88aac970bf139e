// SPDX-License-Identifier: Apache-2.0
// Tuning documents that name a profile, as documents that declare its settings.
import type { PlacedProblem } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { isFixedFeature } from '../../kinds/device/features.ts';
import { canonicalName, sysctlParts } from '../../kinds/sysctl/name.ts';
import { type ObjectId, objectId, type Spec } from '../../model/object.ts';
import type { Document, DocumentSpec } from '../../plan/document.ts';
import { pattern } from '../../plan/match.ts';
import type { Diagnostic } from '../../plan/plan.ts';
import { deviceHandSet, isOfNode, sysctlHandSet } from '../knobs.ts';
import { profilesOf, type WholeProfile, wholeProfile } from './chain.ts';
import { nested, settingIn } from './check.ts';
import { valueOn } from './profile.ts';

/** How a document asks for a profile. */
export interface ProfileWish {
  readonly name: string;
  /** Names of devices that its settings of devices are for, with `*` for any text; else those that are hardware. */
  readonly devices?: readonly string[];
  /** Also settings that somebody else has set. */
  readonly override?: boolean;
}

/** What has to be known of a namespace. */
export interface NamespaceFacts {
  readonly memoryMiB: number;
  /** Sysctls of the profiles that exist, with their values. */
  readonly sysctls: ReadonlyMap<string, number | string>;
  /** The machine's first namespace, whose sysctls of the whole machine may be written. */
  readonly initial: boolean;
  /** Congestion controls that may be used. */
  readonly congestionControls: readonly string[];
  readonly devices: readonly DeviceFacts[];
}

export interface DeviceFacts {
  readonly name: string;
  readonly hardware: boolean;
  /** Its settings as they are observed. */
  readonly spec: Spec;
}

/** What a resolution rests on. */
export interface ProfileContext {
  /** By the name of the namespace; of one that is absent all is taken for possible. */
  readonly facts: ReadonlyMap<string, NamespaceFacts>;
  /** Features that the kernel lacks. */
  readonly lacks: ReadonlySet<string>;
  /** Settings that are Weir's already. */
  isOwned(id: ObjectId): boolean;
}

/** Documents that declare what their profiles say. With problems they are not to be used. */
export interface Resolution {
  readonly documents: readonly Document[];
  readonly problems: readonly PlacedProblem[];
  /** Settings that were left out, and why. */
  readonly notes: readonly Diagnostic[];
}

/** The profile that a document asks for. */
export function wishOf({ value }: Document): ProfileWish | undefined {
  const wish = value.kind === 'Tuning' ? value.spec['profile'] : undefined;
  return typeof wish === 'string' ? { name: wish } : (wish as ProfileWish | undefined);
}

/** Names of the namespaces of documents that ask for a profile. */
export function profiledNamespaces(documents: readonly Document[]): ReadonlySet<string> {
  return new Set(documents.filter((one) => wishOf(one) !== undefined).map(netnsOf));
}

/**
 * The documents with the settings of their profiles. What documents declare themselves wins; what the kernel does not have
 * is left out, and so is what somebody else has set.
 */
export function resolveProfiles(documents: readonly Document[], context: ProfileContext): Resolution {
  const known = profilesOf(documents);
  const problems: PlacedProblem[] = [];
  const notes: Diagnostic[] = [];
  const seen = new Map<string, string>();
  const resolved = documents.map((document) => {
    const wish = wishOf(document);
    if (wish === undefined) return document;
    const whole = wholeProfile(known, wish.name);
    const other = seen.get(netnsOf(document));
    seen.set(netnsOf(document), document.name);
    if (whole === undefined)
      problems.push(
        placed(document, `there is no profile ${wish.name}${didYouMean(wish.name, known.keys())}`),
      );
    else if (other !== undefined)
      problems.push(
        placed(document, `${other} chooses a profile for this namespace already: keep one of the two`),
      );
    else return new Expansion(document, wish, whole, documents, context, notes).document();
    return document;
  });
  return { documents: resolved, problems, notes };
}

function netnsOf({ value }: Document): string {
  return value.spec.netns ?? '';
}

function placed(document: Document, problem: string): PlacedProblem {
  const { name, file, locate } = document;
  const path = 'spec.profile';
  return { path, problem, document: name, ...(file !== undefined && { file }), ...locate?.(path) };
}

type Item = Readonly<Record<string, unknown>>;

/** One document and its profile. */
class Expansion {
  readonly #document: Document;
  readonly #wish: ProfileWish;
  readonly #whole: WholeProfile;
  readonly #context: ProfileContext;
  readonly #facts: NamespaceFacts | undefined;
  readonly #notes: Diagnostic[];
  readonly #reasons = new Map<string, string>();
  /** What documents of the namespace declare themselves. */
  readonly #declared: ReadonlySet<string>;
  /** Devices that other documents declare settings of. */
  readonly #taken: ReadonlySet<unknown>;

  constructor(
    document: Document,
    wish: ProfileWish,
    whole: WholeProfile,
    documents: readonly Document[],
    context: ProfileContext,
    notes: Diagnostic[],
  ) {
    this.#document = document;
    this.#wish = wish;
    this.#whole = whole;
    this.#context = context;
    this.#facts = context.facts.get(netnsOf(document));
    this.#notes = notes;
    const tunings = documents.filter(
      (one) => one.value.kind === 'Tuning' && netnsOf(one) === netnsOf(document),
    );
    this.#declared = new Set(tunings.flatMap(({ value }) => Object.keys(sysctlsOf(value.spec))));
    const others = tunings.filter((one) => one !== document);
    this.#taken = new Set(others.flatMap(({ value }) => devicesOf(value.spec).map(({ dev }) => dev)));
  }

  document(): Document {
    const { value } = this.#document;
    const { profile: _, ...rest } = value.spec;
    const sysctls = { ...this.#sysctls(), ...((rest['sysctls'] ?? {}) as Item) };
    const devices = this.#devices(devicesOf(rest));
    const spec: DocumentSpec = { ...rest, sysctls, ...(devices.length > 0 && { devices }) };
    return { ...this.#document, value: { ...value, spec }, reasons: this.#reasons };
  }

  #sysctls(): Item {
    const found: Record<string, number | string> = {};
    for (const [name, setting] of this.#whole.sysctls) {
      if (this.#declared.has(name)) continue;
      const value = valueOn(setting, this.#facts?.memoryMiB ?? 1024) as number | string;
      const why = this.#sysctlObstacle(name, value, setting.needs);
      if (why !== undefined) this.#note(`sysctl ${name}`, why);
      else {
        found[name] = value;
        this.#reasons.set(`spec.sysctls.${name}`, reasonOf(setting));
      }
    }
    return found;
  }

  #sysctlObstacle(
    name: string,
    value: number | string,
    needs: { readonly congestionControl?: string; readonly feature?: string } | undefined,
  ): string | undefined {
    const { lacks } = this.#context;
    if (needs?.feature !== undefined && lacks.has(needs.feature))
      return `this kernel has no ${needs.feature}`;
    const facts = this.#facts;
    if (facts === undefined) return undefined;
    const control = needs?.congestionControl;
    if (control !== undefined && !facts.congestionControls.includes(control))
      return `${control} is not among net.ipv4.tcp_allowed_congestion_control`;
    const current = facts.sysctls.get(name);
    if (current === undefined) return 'this namespace does not have it';
    if (isOfNode(name) && !facts.initial) return "only the machine's first network namespace may write it";
    const id = objectId(netnsOf(this.#document), 'sysctl', name);
    if (current === value || this.#wish.override || this.#context.isOwned(id)) return undefined;
    return sysctlHandSet(name, current) === true ? handSet(current) : undefined;
  }

  #devices(own: readonly Item[]): readonly Item[] {
    if (this.#whole.devices.size === 0) return own;
    const chosen = this.#chosenDevices();
    const added = chosen.flatMap((device): readonly Item[] => {
      if (this.#taken.has(device.name)) return this.#note(device.name, 'another document declares it');
      const item = own.find(({ dev }) => dev === device.name) ?? {};
      const settings = this.#settingsOf(device, item);
      if (Object.keys(settings).length === 0) return [];
      return [merged({ dev: device.name, ...settings }, item)];
    });
    const names = new Set(added.map(({ dev }) => dev));
    const items = [...own.filter(({ dev }) => !names.has(dev)), ...added];
    for (const [i, { dev }] of items.entries())
      if (names.has(dev)) this.#reasons.set(`spec.devices.${i}`, this.#deviceReason());
    return items;
  }

  #chosenDevices(): readonly DeviceFacts[] {
    const devices = this.#facts?.devices ?? [];
    const { devices: names } = this.#wish;
    if (names === undefined) return devices.filter(({ hardware }) => hardware);
    const chosen = names.map((text) => devices.filter(({ name }) => pattern(text).test(name)));
    if (this.#facts !== undefined)
      for (const [i, found] of chosen.entries())
        if (found.length === 0) this.#note(`device ${names[i]}`, 'there is none of that name');
    return devices.filter((one) => chosen.some((found) => found.includes(one)));
  }

  /** Those that the driver has and that nobody else decided. */
  #settingsOf(device: DeviceFacts, declared: Item): Spec {
    let settings: Spec = {};
    for (const [name, setting] of this.#whole.devices) {
      if (settingIn(declared, name) !== undefined) continue;
      const current = settingIn(device.spec, name);
      const value = valueOn(setting, this.#facts?.memoryMiB ?? 1024);
      const id = objectId(netnsOf(this.#document), 'device', device.name);
      if (current === undefined || isFixedFeature(current))
        this.#note(`${name} of ${device.name}`, 'its driver does not have it');
      else if (!this.#wish.override && !this.#context.isOwned(id) && deviceHandSet(name, current) === true)
        this.#note(`${name} of ${device.name}`, handSet(current));
      else settings = merged(settings, nested(name, value));
    }
    return settings;
  }

  #deviceReason(): string {
    return [...this.#whole.devices].map(([name, setting]) => `${name}: ${reasonOf(setting)}`).join('; ');
  }

  #note(what: string, why: string): readonly never[] {
    const { name } = this.#whole;
    this.#notes.push({
      severity: 'note',
      code: 'PROFILE_LEFT_OUT',
      message: `${what} of the profile ${name} is left out: ${why}`,
      origin: { document: this.#document.name, path: 'spec.profile' },
    });
    return [];
  }
}

function handSet(current: unknown): string {
  return `somebody else set it to ${typeof current === 'object' ? JSON.stringify(current) : current}; \`override: true\` takes it`;
}

function reasonOf({ reason, source, profile }: { reason: string; source: string; profile: string }): string {
  return `${reason} (${profile}; ${source})`;
}

function sysctlsOf(spec: DocumentSpec): Item {
  const given = Object.entries((spec['sysctls'] ?? {}) as Item);
  return Object.fromEntries(given.map(([name, value]) => [canonicalName(sysctlParts(name)), value]));
}

function devicesOf(spec: DocumentSpec): readonly Item[] {
  return (spec['devices'] ?? []) as readonly Item[];
}

/** Two levels deep; what `over` says wins. */
function merged(under: Item, over: Item): Item {
  const both: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = both[name];
    const groups = isGroup(below) && isGroup(value);
    both[name] = groups ? { ...(below as Item), ...(value as Item) } : value;
  }
  return both;
}

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
