// SPDX-License-Identifier: Apache-2.0
// Profiles by name, with what they inherit.
import type { PlacedProblem } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { canonicalName, sysctlParts } from '../../kinds/sysctl/name.ts';
import type { Document, DocumentSpec } from '../../plan/document.ts';
import { deviceProblem, sysctlProblem } from './check.ts';
import type { Profile, ProfileSetting } from './profile.ts';
import { PROFILES } from './registry.ts';

/** The settings of a profile, those that it inherits too, and from which profile each is. */
export interface WholeProfile {
  readonly name: string;
  readonly description: string;
  readonly inherits: readonly string[];
  readonly sysctls: ReadonlyMap<string, FromProfile>;
  readonly devices: ReadonlyMap<string, FromProfile>;
}

export interface FromProfile extends ProfileSetting {
  readonly profile: string;
}

/** A value as a Profile document may give it: alone, or with its reason. */
type Given = null | number | string | boolean | (Partial<ProfileSetting> & { readonly value: never });

/** All profiles: those that come with Weir and those that documents declare, which come first. */
export function profilesOf(documents: readonly Document[]): ReadonlyMap<string, Profile> {
  const own = documents.filter(({ value }) => value.kind === 'Profile').map(profileOf);
  return new Map([...PROFILES, ...own].map((profile) => [profile.name, profile]));
}

/** What Profile documents say that makes no sense together. */
export function profileProblems(documents: readonly Document[]): readonly PlacedProblem[] {
  const known = profilesOf(documents);
  return documents
    .filter(({ value }) => value.kind === 'Profile')
    .flatMap((document) => {
      const { name, file, locate } = document;
      const at = { document: name, ...(file !== undefined && { file }) };
      return problemsOf(document, known).map((found) => ({ ...found, ...at, ...locate?.(found.path) }));
    });
}

function problemsOf(
  document: Document,
  known: ReadonlyMap<string, Profile>,
): readonly Pick<PlacedProblem, 'path' | 'problem'>[] {
  const { name } = document.value.metadata;
  if (PROFILES.some((profile) => profile.name === name))
    return [
      { path: 'metadata.name', problem: `${name} comes with Weir: choose another name, and inherit it` },
    ];
  const chain = chainProblem(known, name);
  const { sysctls, devices } = profileOf(document);
  const wrong = (section: string, settings: Profile['sysctls'], check: typeof sysctlProblem) =>
    Object.entries(settings).flatMap(([setting, one]) => {
      const problem = one === null ? undefined : check(setting, one);
      return problem === undefined ? [] : [{ path: `spec.${section}.${setting}`, problem }];
    });
  return [
    ...(chain === undefined ? [] : [chain]),
    ...wrong('sysctls', sysctls, sysctlProblem),
    ...wrong('devices', devices, deviceProblem),
  ];
}

/** The profile with all that it inherits. @returns undefined for one that is not known or inherits itself. */
export function wholeProfile(known: ReadonlyMap<string, Profile>, name: string): WholeProfile | undefined {
  const chain = chainOf(known, name);
  if (chain === undefined) return undefined;
  const [first] = chain as [Profile];
  const collect = (of: 'sysctls' | 'devices') => {
    const settings = new Map<string, FromProfile>();
    for (const profile of chain.toReversed())
      for (const [setting, one] of Object.entries(profile[of]))
        if (one === null) settings.delete(setting);
        else settings.set(setting, { ...one, profile: profile.name });
    return settings;
  };
  return {
    name,
    description: first.description,
    inherits: chain.slice(1).map((profile) => profile.name),
    sysctls: collect('sysctls'),
    devices: collect('devices'),
  };
}

/** The profile, then what it inherits. */
function chainOf(known: ReadonlyMap<string, Profile>, name: string): readonly Profile[] | undefined {
  const chain: Profile[] = [];
  for (let next: string | undefined = name; next !== undefined; ) {
    const profile = known.get(next);
    if (profile === undefined || chain.includes(profile)) return undefined;
    chain.push(profile);
    next = profile.inherits;
  }
  return chain;
}

function chainProblem(
  known: ReadonlyMap<string, Profile>,
  name: string,
): { readonly path: string; readonly problem: string } | undefined {
  if (chainOf(known, name) !== undefined) return undefined;
  const parent = known.get(name)?.inherits ?? '';
  const missing = !known.has(parent);
  const problem = missing
    ? `there is no profile ${parent}${didYouMean(parent, known.keys())}`
    : 'inherits itself, or one that does not exist: take one of these links out';
  return { path: 'spec.inherits', problem };
}

function profileOf({ value }: Document): Profile {
  const { metadata, spec } = value;
  const { name, description = 'Own profile' } = metadata;
  const { inherits } = spec as { inherits?: string };
  return {
    name,
    description,
    ...(inherits !== undefined && { inherits }),
    sysctls: settingsIn(spec, 'sysctls', (one) => canonicalName(sysctlParts(one)), `Profile/${name}`),
    devices: settingsIn(spec, 'devices', (one) => one, `Profile/${name}`),
  };
}

function settingsIn(
  spec: DocumentSpec,
  section: string,
  canonical: (name: string) => string,
  document: string,
): Readonly<Record<string, ProfileSetting | null>> {
  const given = (spec[section] ?? {}) as Readonly<Record<string, Given>>;
  return Object.fromEntries(
    Object.entries(given).map(([name, one]) => [canonical(name), settingOf(one, document)]),
  );
}

function settingOf(given: Given, document: string): ProfileSetting | null {
  if (given === null) return null;
  const own = typeof given === 'object' ? given : { value: given };
  return { reason: 'the operator wants it so', source: document, ...own };
}
