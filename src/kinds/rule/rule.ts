// SPDX-License-Identifier: Apache-2.0
import { type Static, type TSchema, Type } from 'typebox';
import { ipProtocolName } from '../../model/names/ip-protocols.ts';
import { rtProtoName } from '../../model/names/rt-protos.ts';
import type { Spec } from '../../model/object.ts';
import { attempt } from '../addresses.ts';
import { present, unlessZero } from '../fields.ts';
import type { Complain, Declared, ObjectClass } from '../object-class.ts';
import { canonicalDestination, DEFAULT } from '../route/destination.ts';
import { protocolNumber, tableField, tableNumber } from '../route/names.ts';
import { TableField } from '../route/schema.ts';
import { ipProtocolNumber } from './ip-protocol-number.ts';
import { writeRule } from './write.ts';

const U32 = 0xffff_ffff;
const number = (description: string, minimum: number, maximum: number) =>
  Type.Optional(Type.Integer({ description, minimum, maximum }));
const text = (description: string) => Type.Optional(Type.String({ description, minLength: 1 }));
const device = (description: string) =>
  Type.Optional(Type.String({ description, minLength: 1, maxLength: 15 }));
const yes = (description: string) => Type.Optional(Type.Literal(true, { description }));
const range = <S extends TSchema>(bound: S, description: string) =>
  Type.Optional(
    Type.Union([bound, Type.Object({ start: bound, end: bound }, { additionalProperties: false })], {
      description,
    }),
  );
const Port = Type.Integer({ minimum: 1, maximum: 65534 });
const Uid = Type.Integer({ minimum: 0, maximum: U32 - 1 });

/** An item of `rules`. */
export const RuleItem = Type.Object(
  {
    priority: Type.Integer({
      description: 'Its place: rules are tried from the least',
      minimum: 0,
      maximum: U32,
    }),
    family: Type.Optional(
      Type.Enum(['inet', 'inet6'], { description: 'Of a rule without addresses; inet when absent' }),
    ),
    not: yes('Matches what the rest does not'),
    from: text('Prefix of the source'),
    to: text('Prefix of the destination'),
    iif: device('Device that the packet came by'),
    oif: device('Device that the socket is bound to'),
    fwmark: number('Mark of the packet', 0, U32),
    fwmask: number('Bits of the mark that count; all when absent', 0, U32),
    tos: Type.Optional(
      Type.Integer({ description: 'Type of service', minimum: 4, maximum: 252, multipleOf: 4 }),
    ),
    ipproto: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 255 }), Type.String({ minLength: 1 })], {
        description: 'IP protocol: a name or number',
      }),
    ),
    sport: range(Port, 'Source port, or a range of them'),
    dport: range(Port, 'Destination port, or a range of them'),
    uidrange: Type.Optional(
      Type.Object({ start: Uid, end: Uid }, { additionalProperties: false, description: 'Users' }),
    ),
    l3mdev: yes('Look in the table of the VRF'),
    tun_id: number('Id of the tunnel', 1, U32),
    table: TableField,
    action: Type.Optional(
      Type.Enum(['blackhole', 'unreachable', 'prohibit', 'nop'], { description: 'In place of a table' }),
    ),
    goto: number('Continue at the rule of this priority', 1, U32),
    suppress_prefixlen: number('Refuse routes whose prefix is this long or shorter', 0, 128),
    suppress_ifgroup: number('Refuse routes by devices of this group', 0, U32 >>> 1),
    realms: Type.Optional(
      Type.Object(
        { from: number('Source realm', 0, 65535), to: number('Destination realm', 0, 65535) },
        { additionalProperties: false, description: 'Realms to assign (IPv4)' },
      ),
    ),
    protocol: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 255 }), Type.String({ minLength: 1 })], {
        description: 'Who made it; weir when absent',
      }),
    ),
  },
  { additionalProperties: false, description: 'A routing policy rule' },
);

export type RuleSpec = Static<typeof RuleItem>;

/** What a rule matches, in the order of its name. */
const SELECTORS = [
  'not',
  'from',
  'to',
  'iif',
  'oif',
  'fwmark',
  'fwmask',
  'tos',
  'ipproto',
  'sport',
  'dport',
  'uidrange',
  'l3mdev',
  'tun_id',
] as const;

/**
 * Routing policy rules (net/core/fib_rules.c fib_newrule()). Priority and what a rule matches are its identity; what it
 * does cannot be changed in place.
 */
export const rule: ObjectClass = {
  name: 'rule',
  section: { document: 'Network', name: 'rules', schema: RuleItem },
  compare: 'whole',
  declare: (item, complain) => declareRule(item as RuleSpec, complain),
  item: ({ protocol, ...rest }) => (protocol === 'weir' ? rest : { ...rest, protocol }),
  key: (spec) => keyOf(spec as RuleSpec),
  // Rules stay when their devices go (net/core/fib_rules.c detach_rules()), and match again when they return.
  needs: () => [],
  fixed: (_before, _after, differing) => differing,
  write: writeRule,
  describe: (spec) => `rule ${keyOf(spec as RuleSpec)}${doing(spec as RuleSpec)}`,
};

function keyOf(spec: RuleSpec): string {
  const words = [spec.family ?? 'inet', String(spec.priority)];
  for (const name of SELECTORS) {
    const value = spec[name];
    if (value === true) words.push(name);
    else if (value !== undefined)
      words.push(name, typeof value === 'object' ? `${value.start}-${value.end}` : `${value}`);
  }
  return words.join(' ');
}

function doing({ table, action, goto }: RuleSpec): string {
  if (goto !== undefined) return ` goto ${goto}`;
  return action === undefined ? ` table ${table ?? 'main'}` : ` ${action}`;
}

function declareRule(item: RuleSpec, complain: Complain): readonly Declared[] {
  const from = prefix(item.from, 'from', complain);
  const to = prefix(item.to, 'to', complain);
  const v6 = item.family === 'inet6' || from?.includes(':') === true || to?.includes(':') === true;
  check(item, from, to, v6, complain);
  const number = item.protocol === undefined ? undefined : protocolNumber(item.protocol);
  if (item.protocol !== undefined && number === undefined)
    complain('protocol', `"${item.protocol}" is no routing protocol: give its number`);
  const spec = present({
    ...item,
    family: v6 ? 'inet6' : undefined,
    from,
    to,
    fwmask: item.fwmask === U32 ? undefined : item.fwmask,
    ipproto: protocolName(item.ipproto, complain),
    sport: single(item.sport),
    dport: single(item.dport),
    table: item.table === undefined ? undefined : tableField(tableNumber(item.table)),
    realms: canonicalRealms(item.realms),
    protocol: number === undefined ? 'weir' : rtProtoName(number),
  });
  return [{ class: 'rule', spec, path: '' }];
}

function check(
  item: RuleSpec,
  from: string | undefined,
  to: string | undefined,
  v6: boolean,
  complain: Complain,
): void {
  for (const [name, value] of Object.entries({ from, to }))
    if (value !== undefined && value.includes(':') !== v6) complain(name, "is not of the rule's family");
  if (item.family === 'inet' && v6) complain('family', 'is not that of the addresses: leave it out');
  const doings = (['table', 'action', 'goto', 'l3mdev'] as const).filter((name) => item[name] !== undefined);
  if (doings.length > 1) complain(doings[1] as string, `cannot stand beside ${doings[0]}: keep one of them`);
  if (item.goto !== undefined && item.goto <= item.priority)
    complain('goto', "must lie behind the rule's priority");
  if (item.fwmask !== undefined && item.fwmark === undefined)
    complain('fwmask', 'says something of fwmark: give one');
  if (v6 && item.realms !== undefined) complain('realms', 'is for IPv4 only: leave it out');
  for (const name of ['sport', 'dport', 'uidrange'] as const) {
    const value = item[name];
    if (typeof value === 'object' && value.start > value.end)
      complain(name, 'starts behind its end: swap the two');
  }
}

/** The kernel tells no realm of number 0. */
function canonicalRealms(realms: RuleSpec['realms']): Spec | undefined {
  const { from = 0, to = 0 } = realms ?? {};
  return from + to === 0 ? undefined : present({ from: unlessZero(from), to: unlessZero(to) });
}

/** `all` and the prefix of length 0 match everything and are left out. */
function prefix(text: string | undefined, path: string, complain: Complain): string | undefined {
  if (text === undefined || text === 'all') return undefined;
  const canonical = attempt(() => canonicalDestination(text), path, complain);
  if (canonical === '::/0' || canonical === DEFAULT) complain(path, 'matches everything: leave it out');
  return canonical;
}

function protocolName(given: RuleSpec['ipproto'], complain: Complain): string | undefined {
  if (given === undefined) return undefined;
  const number = ipProtocolNumber(given);
  if (number === undefined) complain('ipproto', `"${given}" is no IP protocol: give its number`);
  return ipProtocolName(number ?? 0);
}

function single(value: RuleSpec['sport']): RuleSpec['sport'] {
  return typeof value === 'object' && value.start === value.end ? value.start : value;
}
