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
  const changed = new Map<Document, DocumentValue>();
  const rest: Proposal[] = [];
  for (const proposal of proposals) {
    const owner = inNamespace(documents, netns).find((one) => declares(one, keyOf(proposal)));
    if (owner === undefined) rest.push(proposal);
    else changed.set(owner, replaced(changed.get(owner) ?? owner.value, proposal));
  }
  return [...changed.values(), ...newDocuments(rest, netns, name)];
}

/** A name for a document: what the id of advice has and a name may not have becomes a dash. */
export function documentNameOf(id: string): string {
  return `advice-${id
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/[^a-z0-9]+$/, '')}`.slice(0, 63);
}

function keyOf(proposal: Proposal): string {
  return 'sysctl' in proposal ? `sysctl ${proposal.sysctl}` : `${proposal.dev} ${proposal.setting}`;
}

function inNamespace(documents: readonly Document[], netns: string): readonly Document[] {
  return documents.filter(
    ({ value: { kind, spec } }) => (kind === 'Tuning' || kind === 'Network') && (spec.netns ?? '') === netns,
  );
}

function declares({ value }: Document, key: string): boolean {
  const [first = '', setting = ''] = key.split(' ');
  if (first === 'sysctl') return sysctlIn(value.spec, setting) !== undefined;
  if (setting === 'txqlen') return itemOf(value.spec, 'links', 'name', first)?.['txqlen'] !== undefined;
  // whoever declares a device decides all of its settings: no other document may
  return value.kind === 'Tuning' && itemOf(value.spec, 'devices', 'dev', first) !== undefined;
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
  const [section, field] = proposal.setting === 'txqlen' ? ['links', 'name'] : ['devices', 'dev'];
  const items = ((spec[section as string] ?? []) as readonly Item[]).map((item) =>
    item[field as string] === proposal.dev ? withSetting(item, proposal.setting, proposal.value) : item,
  );
  return { ...value, spec: { ...spec, [section as string]: items } };
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
