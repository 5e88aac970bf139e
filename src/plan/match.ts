// SPDX-License-Identifier: Apache-2.0
// Devices that documents find by what they are instead of by their name.
import type { PlacedProblem } from '../base/errors.ts';
import type { Document, DocumentKind, DocumentSpec } from './document.ts';
import { isSettings } from './settings.ts';

/** What a device can be found by. */
export interface DeviceIdentity {
  readonly name: string;
  /** Its address, and the one that it was made with. */
  readonly address?: string;
  readonly permaddr?: string;
  readonly driver?: string;
  /** As `ip -d` names it: `veth`. */
  readonly kind?: string;
  /** Name of the hardware on its bus: `0000:00:03.0`. */
  readonly path?: string;
}

/** What an item says of its device: all of it has to fit. */
interface Match {
  /** With `*` for any text. */
  readonly name?: string;
  readonly mac?: string;
  readonly driver?: string;
  readonly path?: string;
}

/** Names of settings whose values are devices. */
const REFERENCES: ReadonlySet<string> = new Set([
  'dev',
  'link',
  'master',
  'iif',
  'oif',
  'peer_of',
  'backup_port',
]);

/** Kinds of documents that have such settings. */
const SPEAKING: readonly DocumentKind[] = ['Network', 'Tuning'];

type Item = Readonly<Record<string, unknown>>;

/** Namespaces whose documents look for devices, '' for the agent's own. */
export function matchedNamespaces(documents: readonly Document[]): ReadonlySet<string> {
  const found = documents.filter(({ value }) => matching(value.spec).length > 0);
  return new Set(found.map(({ value }) => value.spec.netns ?? ''));
}

/**
 * The documents with the names of the devices that were found in place of those that the documents call them by: in the
 * item itself, and wherever documents of the namespace speak of it.
 */
export function resolveMatches(
  documents: readonly Document[],
  devices: ReadonlyMap<string, readonly DeviceIdentity[]>,
): { readonly documents: readonly Document[]; readonly problems: readonly PlacedProblem[] } {
  const problems: PlacedProblem[] = [];
  const names = new Map<string, Map<string, string>>();
  for (const document of documents)
    for (const { item, path } of matching(document.value.spec)) {
      const netns = document.value.spec.netns ?? '';
      const found = deviceOf(item, devices.get(netns) ?? []);
      if (typeof found === 'string') {
        const { name, file, locate } = document;
        problems.push({ path, problem: found, document: name, ...(file && { file }), ...locate?.(path) });
      } else names.set(netns, (names.get(netns) ?? new Map()).set(String(item['name']), found.name));
    }
  const renamed = documents.map((document) => {
    const { kind, spec } = document.value;
    const known = names.get(spec.netns ?? '');
    return known === undefined || !SPEAKING.includes(kind) ? document : withNames(document, known);
  });
  return { documents: renamed, problems };
}

function matching(spec: DocumentSpec): readonly { readonly item: Item; readonly path: string }[] {
  const links = (spec['links'] ?? []) as readonly Item[];
  return links.flatMap((item, i) =>
    item['match'] === undefined ? [] : [{ item, path: `spec.links.${i}.match` }],
  );
}

/** The one device that fits, or what is wrong. */
function deviceOf(item: Item, devices: readonly DeviceIdentity[]): DeviceIdentity | string {
  const match = item['match'] as Match;
  if (item['kind'] !== undefined)
    return 'finds a device that exists, and `kind` makes one: leave one of the two out';
  const found = devices.filter((device) => fits(match, device));
  const [device] = found;
  if (device !== undefined && found.length === 1) return device;
  if (device === undefined)
    return `fits no device; there are ${devices.map(({ name }) => name).join(', ') || 'none'}`;
  return `fits ${found.map(({ name }) => name).join(', ')}: say more, so that only one is left`;
}

function fits({ name, mac, driver, path }: Match, device: DeviceIdentity): boolean {
  const macs = [device.permaddr, device.address];
  return (
    (name === undefined || pattern(name).test(device.name)) &&
    (mac === undefined || macs.includes(mac.toLowerCase())) &&
    (driver === undefined || driver === device.driver) &&
    (path === undefined || path === device.path)
  );
}

/** A name with `*` for any text. */
export function pattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function withNames(document: Document, names: ReadonlyMap<string, string>): Document {
  const { value } = document;
  const spec = renamed(value.spec, names) as DocumentSpec;
  return { ...document, value: { ...value, spec } };
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names));
  if (!isSettings(value)) return value;
  const { match, ...rest } = value;
  const own = isSettings(match) && typeof rest['name'] === 'string';
  const entries = Object.entries(own ? rest : value).map(([field, inner]) => {
    const known = typeof inner === 'string' ? names.get(inner) : undefined;
    const refers = REFERENCES.has(field) || (own && field === 'name');
    return [field, refers && known !== undefined ? known : renamed(inner, names)];
  });
  return Object.fromEntries(entries);
}
