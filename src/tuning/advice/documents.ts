// SPDX-License-Identifier: Apache-2.0
// Advice as documents: what has to be applied to follow it.
import { canonicalName, sysctlParts } from '../../kinds/sysctl/name.ts';
import { API_VERSION, type Document, type DocumentSpec, type DocumentValue } from '../../plan/document.ts';
import { profilesOf, wholeProfile } from '../profiles/chain.ts';
import { nested, settingIn } from '../profiles/check.ts';
import { wishOf } from '../profiles/resolve.ts';
import type { IsDeclared } from './advise.ts';
import type { Proposal } from './rule.ts';

type Item = Readonly<Record<string, unknown>>;

/** Which settings of a namespace the documents declare, also by a profile. */
export function declaredIn(documents: readonly Document[], netns: string): IsDeclared {
  const own = inNamespace(documents, netns);
  const known = profilesOf(documents);
  const profiles = own.flatMap((one) => wholeProfile(known, wishOf(one)?.name ?? '') ?? []);
  const brought = new Set(
    profiles.flatMap(({ sysctls }) => [...sysctls.keys()].map((name) => `sysctl ${name}`)),
  );
  return (name) => brought.has(name) || own.some((document) => declares(document, name));
}

/**
 * Documents that set what is proposed: those that declare it now, with the new value, and one of the name `name` for the rest.
 */
export function documentsFor(
  proposals: readonly Proposal[],
  netns: string,
  name: string,
  documents: readonly Document[],
): readonly DocumentValue[] {
  const own = inNamespace(documents, netns);
  const changed = new Map<Document, DocumentValue>();
  const rest: Proposal[] = [];
  for (const proposal of proposals) {
    const owner = own.find((one) => holds(one, proposal)) ?? profileFor(proposal, own, documents);
    if (owner === undefined) rest.push(proposal);
    else changed.set(owner, replaced(changed.get(owner) ?? owner.value, proposal));
  }
  return [...changed.values(), ...newDocuments(rest, netns, name)];
}

/** True for the document that declares the object: no other one may say anything of it. */
function holds({ value: { kind, spec } }: Document, proposal: Proposal): boolean {
  if ('sysctl' in proposal) return sysctlIn(spec, proposal.sysctl) !== undefined;
  const [section, field] = placeOf(proposal.setting);
  return (
    (kind === 'Tuning' || section === 'links') && itemOf(spec, section, field, proposal.dev) !== undefined
  );
}

/** The document whose profile sets devices: were one declared elsewhere, the profile would leave it alone. */
function profileFor(
  proposal: Proposal,
  own: readonly Document[],
  documents: readonly Document[],
): Document | undefined {
  if ('sysctl' in proposal || placeOf(proposal.setting)[0] !== 'devices') return undefined;
  const known = profilesOf(documents);
  return own.find((one) => (wholeProfile(known, wishOf(one)?.name ?? '')?.devices.size ?? 0) > 0);
}

function placeOf(setting: string): readonly [section: 'links' | 'devices', name: 'name' | 'dev'] {
  return setting === 'txqlen' ? ['links', 'name'] : ['devices', 'dev'];
}

/** A name for a document: what the id of advice has and a name may not have becomes a dash. */
export function documentNameOf(id: string): string {
  const name = `advice-${id.toLowerCase().replace(/[^a-z0-9.-]/g, '-')}`;
  return name.slice(0, 63).replace(/[^a-z0-9]+$/, '');
}

function inNamespace(documents: readonly Document[], netns: string): readonly Document[] {
  return documents.filter(
    ({ value: { kind, spec } }) => (kind === 'Tuning' || kind === 'Network') && (spec.netns ?? '') === netns,
  );
}

function declares({ value: { kind, spec } }: Document, key: string): boolean {
  const [first = '', setting = ''] = key.split(' ');
  if (first === 'sysctl') return sysctlIn(spec, setting) !== undefined;
  const [section, field] = placeOf(setting);
  const item = kind === 'Tuning' || section === 'links' ? itemOf(spec, section, field, first) : undefined;
  return item !== undefined && settingIn(item, setting) !== undefined;
}

/** The name under which a document declares a sysctl. */
function sysctlIn(spec: DocumentSpec, name: string): string | undefined {
  return Object.keys((spec['sysctls'] ?? {}) as Item).find((one) => canonicalName(sysctlParts(one)) === name);
}

function itemOf(spec: DocumentSpec, section: string, field: string, name: string): Item | undefined {
  return ((spec[section] ?? []) as readonly Item[]).find((item) => item[field] === name);
}

function replaced(value: DocumentValue, proposal: Proposal): DocumentValue {
  const { spec } = value;
  if ('sysctl' in proposal) {
    const name = sysctlIn(spec, proposal.sysctl) ?? proposal.sysctl;
    return { ...value, spec: { ...spec, sysctls: { ...(spec['sysctls'] as Item), [name]: proposal.value } } };
  }
  const [section, field] = placeOf(proposal.setting);
  const items = (spec[section] ?? []) as readonly Item[];
  const known = items.some((item) => item[field] === proposal.dev);
  const all = known ? items : [...items, { [field]: proposal.dev }];
  const changed = all.map((item) =>
    item[field] === proposal.dev ? withSetting(item, proposal.setting, proposal.value) : item,
  );
  return { ...value, spec: { ...spec, [section]: changed } };
}

function withSetting(item: Item, setting: string, value: unknown): Item {
  const [group = '', name] = setting.split(/\.(.*)/);
  if (name === undefined || settingIn(item, group) === undefined)
    return { ...item, ...nested(setting, value) };
  return { ...item, [group]: { ...(item[group] as Item), [name]: value } };
}

function newDocuments(proposals: readonly Proposal[], netns: string, name: string): readonly DocumentValue[] {
  const place = netns === '' ? {} : { netns };
  const sysctls: Record<string, unknown> = {};
  const devices = new Map<string, Item>();
  const links: Item[] = [];
  for (const proposal of proposals)
    if ('sysctl' in proposal) sysctls[proposal.sysctl] = proposal.value;
    else if (proposal.setting === 'txqlen') links.push({ name: proposal.dev, txqlen: proposal.value });
    else {
      const { dev, setting, value } = proposal;
      devices.set(dev, withSetting(devices.get(dev) ?? { dev }, setting, value));
    }
  const documents: DocumentValue[] = [];
  const add = (kind: 'Tuning' | 'Network', spec: DocumentSpec) =>
    documents.push({ apiVersion: API_VERSION, kind, metadata: { name }, spec: { ...place, ...spec } });
  const tuned = {
    ...(Object.keys(sysctls).length > 0 && { sysctls }),
    ...(devices.size > 0 && { devices: [...devices.values()] }),
  };
  if (Object.keys(tuned).length > 0) add('Tuning', tuned);
  if (links.length > 0) add('Network', { links });
  return documents;
}
