// SPDX-License-Identifier: Apache-2.0
// A small world of classes with every property that planning knows, for tests of the rules themselves.
import { Type } from 'typebox';
import type { ObjectClass } from '../../src/kinds/object-class.ts';
import type { ClassName, Ref, Spec } from '../../src/model/object.ts';

const closed = { additionalProperties: false };
const name = Type.String({ minLength: 1, maxLength: 15 });
const small = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }));

const link: ObjectClass = {
  name: 'link',
  section: {
    document: 'Network',
    name: 'links',
    schema: Type.Object(
      {
        name,
        kind: Type.Optional(Type.Enum(['bridge', 'vlan', 'veth'])),
        state: Type.Optional(Type.Enum(['up', 'down'])),
        mtu: small(9000),
        master: Type.Optional(name),
        link: Type.Optional(name),
        vlan: Type.Optional(Type.Object({ id: Type.Integer({ minimum: 1, maximum: 4094 }) }, closed)),
        bridge: Type.Optional(Type.Object({ forward_delay: small(30), max_age: small(40) }, closed)),
      },
      closed,
    ),
  },
  compare: 'declared',
  declare: (item) => [{ class: 'link', spec: item, path: '' }],
  item: (spec) => spec,
  key: (spec) => String(spec['name']),
  needs: (spec) => refs('link', spec['link'], spec['master']),
  requires: (spec) =>
    spec['kind'] === 'vlan' ? { feature: 'link vlan', config: 'CONFIG_VLAN_8021Q' } : undefined,
  fixed: (_before, _after, differing) =>
    differing.filter((field) => ['kind', 'link', 'vlan.id'].includes(field)),
  innate: (spec) => spec['kind'] === undefined,
  write: () => {},
  describe: (spec) => `link ${spec['name']}${spec['kind'] === undefined ? '' : ` ${spec['kind']}`}`,
};

const address: ObjectClass = {
  name: 'address',
  section: {
    document: 'Network',
    name: 'addresses',
    schema: Type.Object(
      { dev: name, address: Type.String({ minLength: 1 }), scope: Type.Optional(name), lifetime: small(1e6) },
      closed,
    ),
  },
  compare: 'whole',
  declare: (item) => [{ class: 'address', spec: item, path: '' }],
  item: (spec) => spec,
  key: (spec) => `${spec['address']} dev ${spec['dev']}`,
  needs: (spec) => refs('link', spec['dev']),
  agrees: (field, declared, observed) => field === 'lifetime' && Number(observed) <= Number(declared),
  fixed: (_before, _after, differing) => differing.filter((field) => field === 'scope'),
  write: () => {},
  describe: (spec) => `address ${spec['address']} dev ${spec['dev']}`,
};

const route: ObjectClass = {
  name: 'route',
  section: {
    document: 'Network',
    name: 'routes',
    schema: Type.Object(
      {
        dst: Type.String({ minLength: 1 }),
        dev: Type.Optional(name),
        gateway: Type.Optional(Type.String()),
        metric: small(1e6),
        protocol: Type.Optional(name),
      },
      closed,
    ),
  },
  compare: 'whole',
  declare: (item) => [{ class: 'route', spec: { protocol: 'weir', ...item }, path: '' }],
  item: (spec) => spec,
  key: (spec) => `main ${spec['dst']}`,
  needs: (spec) => refs('link', spec['dev']),
  write: () => {},
  describe: (spec) => `route ${spec['dst']}`,
};

const sysctl: ObjectClass = {
  name: 'sysctl',
  section: { document: 'Tuning', name: 'sysctls', mapping: true, schema: Type.Integer() },
  compare: 'declared',
  declare: (item) => [{ class: 'sysctl', spec: item, path: '' }],
  item: (spec) => spec,
  key: (spec) => String(spec['name']),
  needs: (spec) => refs('link', /conf\.(\w+)\./.exec(String(spec['name']))?.[1]),
  innate: () => true,
  write: () => {},
  describe: (spec) => `sysctl ${spec['name']}`,
};

const wireguard: ObjectClass = {
  name: 'wireguard',
  section: {
    document: 'Network',
    name: 'wireguards',
    schema: Type.Object({ dev: name, private_key: Type.Optional(Type.String()) }, closed),
  },
  compare: 'declared',
  secrets: ['private_key'],
  declare: (item) => [{ class: 'wireguard', spec: item, path: '' }],
  item: (spec) => spec,
  key: (spec) => String(spec['dev']),
  needs: (spec) => refs('link', spec['dev']),
  innate: () => true,
  write: () => {},
  describe: (spec) => `wireguard ${spec['dev']}`,
};

function refs(className: ClassName, ...keys: readonly unknown[]): readonly Ref[] {
  return keys.flatMap((key) => (typeof key === 'string' ? [{ class: className, key }] : []));
}

/** In place of the module `kinds/classes.ts`. */
export const OBJECT_CLASSES: readonly ObjectClass[] = [link, wireguard, sysctl, address, route];

/** The class of this name. */
export function objectClass(of: ClassName): ObjectClass {
  const found = OBJECT_CLASSES.find((one) => one.name === of);
  if (found === undefined) throw new RangeError(`no class ${of}`);
  return found;
}

/** Settings of an object under the name of its class: `{ link: { name: 'br0' } }`. */
export type Named = Partial<Record<ClassName, Spec>>;
