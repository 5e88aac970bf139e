// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcU32Attrs, TcU32Key } from '../../codec/generated/tc.ts';
import type { Spec } from '../../model/object.ts';
import { Bits, bitsNumber, renderBits } from './bits.ts';
import { type FilterKind, OffloadFields, offloadFields, offloadFlags } from './kind.ts';
import { IP_FIELD_SCHEMAS, ipMatches } from './u32-ip.ts';

/** TC_U32_TERMINAL: a match ends the search (include/uapi/linux/pkt_cls.h). */
const TERMINAL = 1;
/** `offmask` of a word that is counted from the header behind the IP header. */
const NEXT_HEADER = -1;
const NEXT = 'nexthdr+';

const Match = Type.Object(
  {
    at: Type.Union(
      [
        Type.Integer({ multipleOf: 4, minimum: -128, maximum: 1024 }),
        Type.String({ pattern: '^nexthdr\\+\\d{1,4}$' }),
      ],
      { description: 'Where the word begins: bytes behind the start of the network header, or "nexthdr+0"' },
    ),
    value: Bits('What the bits are'),
    mask: Type.Optional(Bits('Bits that count; all when absent')),
  },
  { additionalProperties: false, description: 'A word of the packet' },
);

/**
 * Words of the packet are compared (net/sched/cls_u32.c u32_change()). Fields of IP are written as words; the kernel
 * chooses hash table and handle. Hash tables of one's own cannot be declared.
 */
export const u32: FilterKind = {
  kind: 'u32',
  config: 'CONFIG_NET_CLS_U32',
  schema: Type.Object(
    {
      match: Type.Optional(Type.Array(Match, { description: 'Words that all must match', maxItems: 128 })),
      ...IP_FIELD_SCHEMAS,
      ...OffloadFields,
    },
    { additionalProperties: false, description: 'Words of the packet; without any, all packets' },
  ),
  canonical(settings, protocol, complain) {
    const { match = [], skip_hw, skip_sw, ...fields } = settings;
    const words = [...(match as readonly Spec[]), ...ipMatches(fields, protocol, complain)];
    const wrong = contradiction(words);
    if (wrong !== undefined)
      complain('match', `asks two things of the word at ${wrong}: no packet would match`);
    return { match: joined(words), ...offloadFields((skip_hw ? 1 : 0) + (skip_sw ? 2 : 0)) };
  },
  attributes(settings) {
    const keys = (settings['match'] as readonly Spec[]).map(keyOf);
    const all = keys.length === 0 ? [keyOf({ at: 0, value: 0, mask: 0 })] : keys;
    return { sel: { flags: TERMINAL, nkeys: all.length, keys: all }, ...offloadFlags(settings) };
  },
  reads: ['hash', 'sel', 'flags', 'pcnt'],
  observed({ sel, flags }: TcU32Attrs) {
    const plain = sel !== undefined && (sel.flags & ~TERMINAL) === 0 && sel.hmask === 0;
    return {
      match: joined((sel?.keys ?? []).map(matchOf)),
      ...offloadFields(flags),
      ...(!plain && { sel: { flags: sel?.flags, hmask: sel?.hmask } }),
    };
  },
};

/** Words in order, each place once, and none of which nothing counts. */
function joined(words: readonly Spec[]): readonly Spec[] {
  const places = new Map<string | number, { value: number; mask: number }>();
  for (const { at, value, mask } of words) {
    const bits = bitsNumber(mask);
    const place = at as string | number;
    const old = places.get(place) ?? { value: 0, mask: 0 };
    places.set(place, { value: old.value | (Number(value) & bits), mask: old.mask | bits });
  }
  return [...places]
    .filter(([, { mask }]) => mask !== 0)
    .toSorted(([a], [b]) => order(a) - order(b))
    .map(([at, { value, mask }]) => ({ at, value: renderBits(value), mask: renderBits(mask) }));
}

/** Where two words ask different things of the same bits. */
function contradiction(words: readonly Spec[]): unknown {
  const twin = words.find(({ at, value, mask }, i) =>
    words.some((other, j) => {
      const both = bitsNumber(mask) & bitsNumber(other['mask']);
      return j < i && other['at'] === at && ((Number(value) ^ Number(other['value'])) & both) !== 0;
    }),
  );
  return twin?.['at'];
}

const BEHIND = 0x1_0000;
const order = (at: string | number) => (typeof at === 'number' ? at : BEHIND + Number(at.slice(NEXT.length)));

function keyOf({ at, value, mask }: Spec): TcU32Key {
  const next = typeof at === 'string';
  return {
    mask: bitsNumber(mask),
    val: Number(value),
    off: next ? Number(at.slice(NEXT.length)) : Number(at),
    offmask: next ? NEXT_HEADER : 0,
  };
}

function matchOf({ off, offmask, val, mask }: TcU32Key): Spec {
  return { at: offmask === 0 ? off : `${NEXT}${off}`, value: val, mask };
}
