// SPDX-License-Identifier: Apache-2.0
import { textOf } from '../base/bytes.ts';
import type { ClassName, ObjectId } from '../model/object.ts';
import type { Diagnostic } from '../plan/plan.ts';
import { profileProblems, profilesOf, wholeProfile } from '../tuning/profiles/chain.ts';
import {
  type NamespaceFacts,
  profiledNamespaces,
  resolveProfiles,
  wishOf,
} from '../tuning/profiles/resolve.ts';
import { type DocumentSet, documentError } from './documents.ts';
import type { EngineParts } from './parts.ts';

type Parts = Pick<EngineParts, 'reader' | 'devices' | 'unsupported' | 'open'>;

/** Documents with the settings of their profiles, and what was left out of them. */
export interface Profiled {
  readonly documents: DocumentSet;
  readonly notes: readonly Diagnostic[];
}

const CONGESTION = 'net.ipv4.tcp_allowed_congestion_control';
/** Exists only where the sysctls of the whole machine are. */
const OF_NODE = 'net.core.netdev_max_backlog';

/**
 * The documents with what their profiles declare on this node.
 * @param isOwned True for settings that are Weir's already.
 * @throws {WeirError} `DOCUMENT` for a profile that does not exist or makes no sense, `NOT_FOUND` for a namespace.
 */
export async function withProfiles(
  parts: Parts,
  documents: DocumentSet,
  isOwned: (id: ObjectId) => boolean,
): Promise<Profiled> {
  const wrong = profileProblems(documents);
  if (wrong.length > 0) throw documentError(wrong);
  const namespaces = profiledNamespaces(documents);
  if (namespaces.size === 0) return { documents, notes: [] };
  const { names, features } = wantedBy(documents);
  const lacks = await parts.unsupported(features);
  const facts = new Map<string, NamespaceFacts>();
  for (const netns of namespaces) facts.set(netns, await factsOf(parts, netns, names));
  const resolved = resolveProfiles(documents, { facts, lacks, isOwned });
  if (resolved.problems.length > 0) throw documentError(resolved.problems);
  return resolved;
}

/** The documents with what their profiles would declare on a node that has everything. */
export function assumingProfiles(documents: DocumentSet): DocumentSet {
  const context = { facts: new Map(), lacks: new Set<string>(), isOwned: () => true };
  return resolveProfiles(documents, context).documents;
}

/** Sysctls and features that the profiles of the documents are about. */
function wantedBy(documents: DocumentSet) {
  const known = profilesOf(documents);
  const names = new Set<string>();
  const features = new Set<string>();
  for (const document of documents) {
    const { sysctls = new Map() } = wholeProfile(known, wishOf(document)?.name ?? '') ?? {};
    for (const [name, { needs }] of sysctls) {
      names.add(name);
      if (needs?.feature !== undefined) features.add(needs.feature);
    }
  }
  return { names, features };
}

async function factsOf(parts: Parts, netns: string, names: ReadonlySet<string>): Promise<NamespaceFacts> {
  const identities = await parts.devices(netns);
  const keys = new Map<ClassName, ReadonlySet<string>>([
    ['sysctl', new Set([...names, CONGESTION, OF_NODE])],
    ['device', new Set(identities.map(({ name }) => name))],
  ]);
  const observed = [...(await parts.reader.read({ netns, keys })).values()];
  const there = observed.filter((one) => one.class === 'sysctl' && one.spec['value'] !== undefined);
  const sysctls = new Map(there.map(({ key, spec }) => [key, spec['value'] as number | string]));
  const specs = new Map(observed.flatMap((one) => (one.class === 'device' ? [[one.key, one.spec]] : [])));
  const memory = textOf(await (await parts.open(netns)).proc.read('meminfo'));
  return {
    memoryMiB: Math.floor(Number(/^MemTotal:\s+(\d+) kB/m.exec(memory)?.[1] ?? 0) / 1024),
    sysctls,
    initial: sysctls.has(OF_NODE),
    congestionControls: String(sysctls.get(CONGESTION) ?? '').split(' '),
    devices: identities.map(({ name, path }) => ({
      name,
      hardware: path !== undefined,
      spec: specs.get(name) ?? {},
    })),
  };
}
