// SPDX-License-Identifier: Apache-2.0
import { type TSchema, Type } from 'typebox';
import { messageOf } from '../../base/errors.ts';
import type { TcFlowerAttrs } from '../../codec/generated/tc.ts';
import { present } from '../fields.ts';
import type { Attributes } from './action/kind.ts';
import { FLOWER_KEYS, TAGGED } from './flower-keys.ts';
import { type FilterKind, OffloadFields, offloadFields, offloadFlags } from './kind.ts';
import { protocolNumber, renderProtocol } from './protocol.ts';

const schemas: Readonly<Record<string, TSchema>> = Object.fromEntries(
  Object.entries(FLOWER_KEYS).map(([name, { schema }]) => [name, Type.Optional(schema)]),
);

/** Fields of headers are compared (net/sched/cls_flower.c fl_change()). The filter's protocol is the `eth_type`. */
export const flower: FilterKind = {
  kind: 'flower',
  config: 'CONFIG_NET_CLS_FLOWER',
  schema: Type.Object(
    { ...schemas, ...OffloadFields },
    {
      additionalProperties: false,
      description: 'Fields of headers; without any, all packets of the protocol',
    },
  ),
  canonical(settings, protocol, complain) {
    const out: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(settings))
      try {
        out[name] = FLOWER_KEYS[name]?.canonical?.(value as never) ?? value;
      } catch (error) {
        complain(name, messageOf(error));
      }
    for (const [name, key] of Object.entries(FLOWER_KEYS)) {
      const problem = out[name] === undefined ? undefined : key.problem?.(out, protocol);
      if (problem !== undefined) complain(name, problem);
    }
    return out;
  },
  attributes(settings, protocol) {
    const keys = Object.entries(FLOWER_KEYS).flatMap(([name, { attributes }]) =>
      settings[name] === undefined ? [] : [attributes(settings[name] as never, settings)],
    );
    const type = protocol === 'all' ? {} : { keyEthType: protocolNumber(protocol as string | number) };
    return Object.assign({}, type, ...keys, offloadFlags(settings)) as Attributes;
  },
  reads: ['keyEthType', 'flags', 'inHwCount', ...Object.values(FLOWER_KEYS).flatMap(({ reads }) => reads)],
  observed(attributes, protocol) {
    const { keyEthType, flags } = attributes as TcFlowerAttrs;
    const found = Object.entries(FLOWER_KEYS).map(
      ([name, { observed }]) => [name, observed(attributes)] as const,
    );
    const keys = Object.fromEntries(found);
    const type = keyEthType === undefined ? 'all' : renderProtocol(keyEthType);
    // Of tagged packets the kernel reports the protocol behind the tag (fl_dump_key()).
    const usual = TAGGED.includes(protocol) ? [protocol, keys['vlan_ethtype'] ?? 'all'] : [protocol];
    return present({ ...keys, ...offloadFields(flags), eth_type: usual.includes(type) ? undefined : type });
  },
};
