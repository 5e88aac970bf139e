// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import type { TcActPeditAttrs } from '../../../codec/generated/tc.ts';
import type { Spec } from '../../../model/object.ts';
import { present } from '../../fields.ts';
import { Bits, bitsNumber, renderBits } from '../bits.ts';
import type { ActionKind } from './kind.ts';
import { Verdict } from './verdict.ts';

/** TCA_PEDIT_KEY_EX_HDR_TYPE_* in order (include/uapi/linux/tc_act/tc_pedit.h). */
const HEADERS = ['network', 'eth', 'ip4', 'ip6', 'tcp', 'udp'];
/** TCA_PEDIT_KEY_EX_CMD_* in order; a sum depends on the node's order of bytes and cannot be declared. */
const COMMANDS = ['set', 'add'];
const ALL = 0xffff_ffff;

const Key = Type.Object(
  {
    header: Type.Optional(
      Type.Enum(HEADERS, { description: 'Where `at` counts from; the network header when absent' }),
    ),
    at: Type.Integer({
      description: 'Bytes behind it, a multiple of 4',
      multipleOf: 4,
      minimum: -128,
      maximum: 1024,
    }),
    value: Bits('The new bits'),
    mask: Type.Optional(Bits('Bits that change, all when absent')),
  },
  { additionalProperties: false },
);

/** Changes words of packets (net/sched/act_pedit.c tcf_pedit_init()). Checksums are not adapted. */
export const pedit: ActionKind = {
  kind: 'pedit',
  config: 'CONFIG_NET_ACT_PEDIT',
  schema: Type.Object(
    {
      keys: Type.Array(Key, { description: 'The changes', minItems: 1, maxItems: 128 }),
      verdict: Type.Optional(Verdict('What becomes of the packet, usually pipe')),
    },
    { additionalProperties: false, description: 'Other bits in the packet; checksums stay as they are' },
  ),
  canonical: (settings) => ({ ...settings, keys: (settings['keys'] as Spec[]).map(canonicalKey) }),
  verdict: () => 'pipe',
  attributes(settings, action) {
    const keys = settings['keys'] as readonly Spec[];
    return {
      parmsEx: { action, nkeys: keys.length, keys: keys.map(keyOf) },
      keysEx: { keyEx: keys.map(placeOf) },
    };
  },
  reads: ['tm', 'parms', 'parmsEx', 'keysEx'],
  observed({ parms, parmsEx, keysEx }: TcActPeditAttrs) {
    const keys = (parmsEx ?? parms)?.keys ?? [];
    return {
      keys: keys.map(({ off, val, mask, offmask }, i) =>
        canonicalKey({
          header: HEADERS[keysEx?.keyEx?.[i]?.htype ?? 0] ?? 'unknown',
          at: off | 0,
          cmd: COMMANDS[keysEx?.keyEx?.[i]?.cmd ?? 0] ?? 'unknown',
          value: swapped(val),
          mask: ~swapped(mask) >>> 0,
          ...(offmask !== 0 && { offmask }),
        }),
      ),
    };
  },
};

function canonicalKey({ header, cmd, value, mask, ...rest }: Spec): Spec {
  const bits = bitsNumber(mask);
  return present({
    ...rest,
    header: header === 'network' ? undefined : header,
    cmd: cmd === 'set' ? undefined : cmd,
    value: renderBits(Number(value) & bits),
    mask: bits === ALL ? undefined : renderBits(bits),
  });
}

/** The kernel's mask has the bits that stay; words are as the packet has them. */
function keyOf({ at, value, mask }: Spec) {
  const kept = ~bitsNumber(mask) >>> 0;
  return {
    off: Number(at) >>> 0,
    val: swapped(Number(value)),
    mask: swapped(kept),
    at: 0,
    offmask: 0,
    shift: 0,
  };
}

function placeOf({ header = 'network' }: Spec) {
  return { htype: HEADERS.indexOf(String(header)), cmd: COMMANDS.indexOf('set') };
}

/** A word in the other order of bytes. */
function swapped(word: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word);
  return view.getUint32(0, true);
}
