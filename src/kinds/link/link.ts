// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import { messageOf } from '../../base/errors.ts';
import type { Ref, Spec } from '../../model/object.ts';
import { AddressFields, declareAddress } from '../address/address.ts';
import { present } from '../fields.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { declaredWireguard, WireguardFields } from '../wireguard/declared.ts';
import { COMMON_SETTINGS } from './common.ts';
import { DECLARED_KINDS, declaredKind, PORT_SETTINGS } from './declared.ts';
import { linkItem } from './item.ts';
import { DeviceName, type Settings } from './setting.ts';
import { isPeerEnd, pairedVeth } from './veth.ts';
import { writeLink } from './write.ts';

const optional = (settings: Settings): Record<string, TSchema> =>
  Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, Type.Optional(schema)]));

const closed = (settings: Settings, description: string) =>
  Type.Optional(Type.Object(optional(settings), { additionalProperties: false, description }));

const Port = Type.Object(
  {
    kind: Type.Optional(
      Type.Enum(['bridge', 'bond', 'vrf'], {
        description: 'Kind of the master; a bond takes only ports that are down',
      }),
    ),
    ...optional({ ...PORT_SETTINGS['bridge'], ...PORT_SETTINGS['bond'] }),
  },
  { additionalProperties: false, description: 'Settings as a port of its master' },
);

const withSettings = DECLARED_KINDS.filter(({ settings }) => Object.keys(settings).length > 0);

/** An item of `links`. */
export const LinkItem = Type.Object(
  {
    name: DeviceName('Name of the device'),
    kind: Type.Optional(
      Type.Enum(
        DECLARED_KINDS.map(({ kind }) => kind),
        { description: 'Kind of a device to create; without it the device exists already' },
      ),
    ),
    ...optional(COMMON_SETTINGS),
    ...Object.fromEntries(
      withSettings.map(({ kind, settings }) => [kind, closed(settings, `Settings of a ${kind}`)]),
    ),
    wireguard: Type.Optional(WireguardFields),
    port: Type.Optional(Port),
    addresses: Type.Optional(
      Type.Array(
        Type.Union([
          Type.String({ description: 'The own address with its prefix length: 192.0.2.1/24' }),
          Type.Object(AddressFields, { additionalProperties: false }),
        ]),
        { description: 'Addresses of the device' },
      ),
    ),
  },
  { additionalProperties: false, description: 'A network device' },
);

/**
 * Links (net/core/rtnetlink.c rtnl_newlink()). Settings of a kind stand under the kind's name, those of a port under
 * `port`. A link without a kind is a device that exists.
 */
export const link: ObjectClass = {
  name: 'link',
  section: { document: 'Network', name: 'links', schema: LinkItem },
  compare: 'declared',
  identity: ['name', 'kind', 'veth'],
  declare,
  item: linkItem,
  key: (spec) => String(spec['name']),
  needs,
  requires: (spec) => {
    const kind = innate(spec) ? undefined : declaredKind(spec['kind']);
    if (kind === undefined) return undefined;
    const made = { feature: `link ${kind.kind}`, config: kind.config };
    return filtersVlans(spec) ? [made, VLAN_FILTERING] : made;
  },
  unseen: ['veth.peer', 'veth.peer_netns'],
  paired: (spec, other) => (spec['kind'] === 'veth' ? pairedVeth(spec, other) : spec),
  fixed,
  innate,
  write: writeLink,
  describe: (spec) => `link ${spec['name']}${spec['kind'] === undefined ? '' : ` (${spec['kind']})`}`,
};

/** Of a bridge whose ports are in VLANs. */
const VLAN_FILTERING = { feature: 'bridge vlan_filtering', config: 'CONFIG_BRIDGE_VLAN_FILTERING' };

function filtersVlans(spec: Spec): boolean {
  return (spec['bridge'] as Spec | undefined)?.['vlan_filtering'] === 1;
}

function innate(spec: Spec): boolean {
  return spec['kind'] === undefined || isPeerEnd(String(spec['name']), spec['veth'] as Spec | undefined);
}

function declare(given: Spec, complain: Complain): readonly Declared[] {
  const { addresses = [], wireguard, ...rest } = given;
  const kind = declaredKind(rest['kind']);
  const name = String(rest['name']);
  for (const other of withSettings)
    if (rest[other.kind] !== undefined && other.kind !== rest['kind'])
      complain(
        other.kind,
        `belongs to links of kind ${other.kind}: set \`kind: ${other.kind}\` or leave it out`,
      );
  if (kind !== undefined) checkKind(rest, complain);
  const port = rest['port'] as Spec | undefined;
  const spec = present({
    name,
    kind: rest['kind'],
    ...canonical(COMMON_SETTINGS, rest, '', complain),
    ...(kind &&
      rest[kind.kind] !== undefined && {
        [kind.kind]: canonical(kind.settings, rest[kind.kind] as Spec, `${kind.kind}.`, complain),
      }),
    port: port && canonicalPort(port, complain),
  });
  return [
    { class: 'link', spec, path: '' },
    ...(wireguard === undefined ? [] : [keysAndPeers(spec, wireguard as Spec, complain)]),
    ...nested(name, addresses as readonly unknown[], complain),
  ];
}

function keysAndPeers({ name, kind }: Spec, given: Spec, complain: Complain): Declared {
  const path = 'wireguard';
  if (kind !== path) complain(path, 'belongs to links of kind wireguard: set `kind: wireguard`');
  const spec = declaredWireguard(String(name), given, (at, problem) => complain(`${path}.${at}`, problem));
  return { class: path, spec, path };
}

function checkKind(item: Spec, complain: Complain): void {
  const kind = declaredKind(item['kind']);
  if (kind === undefined) return;
  const own = (item[kind.kind] ?? {}) as Spec;
  if (kind.lower && item['link'] === undefined)
    complain('link', `is missing: name the device that the ${kind.kind} stands on`);
  for (const name of kind.required ?? [])
    if (own[name] === undefined) complain(`${kind.kind}.${name}`, 'is missing');
  for (const [name, problem] of kind.check?.(own) ?? []) complain(`${kind.kind}.${name}`, problem);
  if ([item['link'], item['master']].includes(item['name']))
    complain('name', 'is the device itself: a link cannot stand on itself or be its own master');
}

function canonicalPort(port: Spec, complain: Complain): Spec {
  const names = Object.keys(port).filter((name) => name !== 'kind');
  const kinds = Object.keys(PORT_SETTINGS).filter((kind) =>
    names.some((name) => PORT_SETTINGS[kind]?.[name]),
  );
  const kind = (port['kind'] ?? kinds[0]) as string | undefined;
  for (const name of names)
    if (PORT_SETTINGS[kind ?? '']?.[name] === undefined)
      complain(`port.${name}`, `is no setting of a port of a ${kind}: leave it out`);
  return present({ kind, ...canonical(PORT_SETTINGS[kind ?? ''] ?? {}, port, 'port.', complain) });
}

function canonical(settings: Settings, given: Spec, prefix: string, complain: Complain): Spec {
  const out: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = given[name];
    if (value === undefined) continue;
    try {
      out[name] = setting.canonical === undefined ? value : setting.canonical(value as never);
    } catch (error) {
      complain(`${prefix}${name}`, messageOf(error));
    }
  }
  return out;
}

function nested(dev: string, addresses: readonly unknown[], complain: Complain): readonly Declared[] {
  return addresses.flatMap((given, i) => {
    const fields = (typeof given === 'string' ? { address: given } : given) as Omit<
      Parameters<typeof declareAddress>[0],
      'dev'
    >;
    const at = `addresses.${i}`;
    const declared = declareAddress({ ...fields, dev }, (path, problem) =>
      complain(typeof given === 'string' ? at : `${at}.${path}`, problem),
    );
    return declared.map((object) => ({ ...object, path: at }));
  });
}

function needs(spec: Spec): readonly Ref[] {
  const own = (spec[String(spec['kind'])] ?? {}) as Spec;
  const settings = declaredKind(spec['kind'])?.settings ?? {};
  const devices = [
    spec['link'],
    spec['master'],
    ...Object.keys(settings).flatMap((name) => (settings[name]?.device ? [own[name]] : [])),
    (spec['port'] as Spec | undefined)?.['backup_port'],
    isPeerEnd(String(spec['name']), own) ? own['peer_of'] : undefined,
  ];
  const names = new Set(devices.filter((name) => name !== undefined).map(String));
  return [...names].map((key) => ({ class: 'link' as const, key }));
}

function fixed(before: Spec, after: Spec, differing: readonly string[]): readonly string[] {
  const kind = declaredKind(after['kind']);
  const [was, will] = [before, after].map((spec) => (spec[kind?.kind ?? ''] ?? {}) as Spec) as [Spec, Spec];
  const byValue = kind?.fixed?.(was, will).map((name) => `${kind.kind}.${name}`) ?? [];
  return differing.filter((field) => {
    if (field === 'kind' || COMMON_SETTINGS[field]?.fixed || byValue.includes(field)) return true;
    const [group, name = ''] = field.split('.');
    return kind !== undefined && group === kind.kind && kind.settings[name]?.fixed === true;
  });
}
