// SPDX-License-Identifier: Apache-2.0
import type { Link } from '../../model/link.ts';
import { IFF_UP } from '../../model/names/link-flags.ts';
import type { Spec } from '../../model/object.ts';
import { present } from '../fields.ts';
import { COMMON_SETTINGS, FLAG_SWITCHES } from './common.ts';
import { declaredKind, PORT_SETTINGS } from './declared.ts';
import type { Settings } from './setting.ts';
import { VXLAN_ALIASES } from './vxlan.ts';

/** In place of the name of another namespace, which differs from every declared one. */
const HERE = '';

/**
 * The canonical settings of a link that the kernel reports.
 * @param peer Name of a veth's other end, when that is in the same namespace.
 */
export function linkSpec(seen: Link, peer?: string): Spec {
  const info = seen.linkinfo;
  const kind = declaredKind(info?.info_kind);
  const fields = seen as unknown as Record<string, unknown>;
  const common = Object.keys(COMMON_SETTINGS).map((name) => [name, fields[name]] as const);
  return present({
    ...Object.fromEntries(common),
    ...switches(seen.raw.flags),
    name: seen.ifname,
    // A kind that no document can declare is a device that exists.
    kind: kind?.kind,
    state: (seen.raw.flags & IFF_UP) === 0 ? 'down' : 'up',
    altnames: seen.altnames?.toSorted(),
    proto_down: seen.raw.protoDown ?? false,
    // Of a veth it is the other end, no device that this one stands on.
    link: kind?.kind === 'veth' ? undefined : seen.link,
    ...(kind && { [kind.kind]: settingsOf(kind.kind, kind.settings, info?.info_data, peer) }),
    port: portSpec(info?.info_slave_kind, info?.info_slave_data),
  });
}

function switches(flags: number): Spec {
  return Object.fromEntries(
    Object.entries(FLAG_SWITCHES).map(([name, { bit, inverted }]) => [
      name,
      ((flags & bit) !== 0) !== (inverted === true),
    ]),
  );
}

function settingsOf(
  kind: string,
  settings: Settings,
  data: Spec | undefined,
  peer: string | undefined,
): Spec | undefined {
  if (kind === 'veth') return peer === undefined ? undefined : { peer, peer_of: peer, peer_netns: HERE };
  const seen = kind === 'vxlan' ? renamed(data ?? {}) : (data ?? {});
  const spec = picked(settings, seen);
  return Object.keys(spec).length === 0 ? undefined : spec;
}

/** A document writes addresses of both families under one name. */
function renamed(data: Spec): Spec {
  const entries = Object.entries(data).map(([name, value]) => [
    (VXLAN_ALIASES as Readonly<Record<string, string>>)[name] ?? name,
    value,
  ]);
  return Object.fromEntries(entries);
}

function portSpec(kind: string | undefined, data: Spec | undefined): Spec | undefined {
  return kind === undefined ? undefined : { kind, ...picked(PORT_SETTINGS[kind] ?? {}, data ?? {}) };
}

function picked(settings: Settings, seen: Spec): Spec {
  return present(
    Object.fromEntries(Object.entries(settings).map(([name, { silent }]) => [name, seen[name] ?? silent])),
  );
}
