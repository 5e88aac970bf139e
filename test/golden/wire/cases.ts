// SPDX-License-Identifier: Apache-2.0
// The captures in this folder and what decodes them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Wire, wireOf } from '../../../src/base/wire.ts';
import type { Encoder } from '../../../src/codec/encoder.ts';
import { decodeGenlmsghdr, encodeGenlmsghdr } from '../../../src/codec/generated/netlink.ts';
import type { AttrTable, Pick } from '../../../src/codec/table.ts';
import { pascal, setTable, setType } from '../../../tools/codegen/names.ts';

/** Folder of the captures. */
export const WIRE = dirname(fileURLToPath(import.meta.url));

type Decode = (w: Wire, start: number, end: number, pick?: Pick) => unknown;
type Encode = (out: Encoder, value: unknown) => void;

/** The generated functions for one kind of message, and where the model has the same. */
export interface Codec {
  readonly family: string;
  readonly set: string;
  readonly struct: string;
  readonly headerSize: number;
  readonly decodeHeader: Decode;
  readonly encodeHeader: Encode;
  readonly decodeAttrs: Decode;
  readonly encodeAttrs: Encode;
  readonly table: AttrTable;
}

/** Messages by the `family` of meta.json: module, fixed header, attribute set. */
const KINDS: Readonly<Record<string, readonly [family: string, struct: string, set: string]>> = {
  'rt-link': ['rt-link', 'ifinfomsg', 'link-attrs'],
  'rt-link:bridge': ['rt-link', 'ifinfomsg', 'bridge-link-attrs'],
  'rt-link:stats': ['rt-link', 'if_stats_msg', 'stats-attrs'],
  'rt-addr': ['rt-addr', 'ifaddrmsg', 'addr-attrs'],
  'rt-route': ['rt-route', 'rtmsg', 'route-attrs'],
  'rt-rule': ['rt-rule', 'fib_rule_hdr', 'rule-attrs'],
  'rt-neigh': ['rt-neigh', 'ndmsg', 'neigh-attrs'],
  'rt-neigh:table': ['rt-neigh', 'ndtmsg', 'ndt-attrs'],
  nexthop: ['nexthop', 'nhmsg', 'nexthop-attrs'],
  tc: ['tc', 'tcmsg', 'tc-attrs'],
  nlctrl: ['nlctrl', 'genlmsghdr', 'ctrl-attrs'],
  ctnetlink: ['ctnetlink', 'nfgenmsg', 'ct-attrs'],
  'ctnetlink:stats': ['ctnetlink', 'nfgenmsg', 'ct-stats-attrs'],
  'ctnetlink:stats-global': ['ctnetlink', 'nfgenmsg', 'ct-stats-global-attrs'],
  'inet-diag': ['inet-diag', 'inet_diag_msg', 'inet-diag-attrs'],
};

/** The codec for a `family` of meta.json; `ethtool:rings` and `netdev:queue` name generic netlink sets. */
export async function codecOf(kind: string): Promise<Codec> {
  const [plain = '', part = ''] = kind.split(':');
  const [family, struct, set] = KINDS[kind.replace(/:error$/, '')] ?? [plain, 'genlmsghdr', part];
  const module = (await import(`../../../src/codec/generated/${family}.ts`)) as Record<string, unknown>;
  const generic = struct === 'genlmsghdr';
  const name = pascal(struct);
  return {
    family,
    set,
    struct,
    headerSize: generic ? 4 : (module[`${struct.toUpperCase()}_SIZE`] as number),
    decodeHeader: (generic ? decodeGenlmsghdr : module[`decode${name}`]) as Decode,
    encodeHeader: (generic ? encodeGenlmsghdr : module[`encode${name}`]) as Encode,
    decodeAttrs: module[`decode${setType(set)}`] as Decode,
    encodeAttrs: module[`encode${setType(set)}`] as Encode,
    table: module[setTable(set)] as AttrTable,
  };
}

/** One message of a capture, without nlmsghdr. */
export interface CapturedMessage {
  readonly type: number;
  readonly flags: number;
  readonly start: number;
  readonly end: number;
}

/** One folder. */
export interface Capture {
  readonly name: string;
  readonly kind: string;
  readonly wire: Wire;
  readonly messages: readonly CapturedMessage[];
}

/** Every capture, by name. */
export function captures(): readonly Capture[] {
  const folders = readdirSync(WIRE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => {
    const meta = JSON.parse(readFileSync(join(WIRE, name, 'meta.json'), 'utf8')) as { family: string };
    const wire = wireOf(new Uint8Array(readFileSync(join(WIRE, name, 'capture.bin'))));
    return { name, kind: meta.family, wire, messages: framed(wire) };
  });
}

function framed({ view }: Wire): CapturedMessage[] {
  const list: CapturedMessage[] = [];
  for (let at = 0; at + 16 <= view.byteLength; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    list.push({ type, flags: view.getUint16(at + 6, true), start: at + 16, end: at + length });
    at += (length + 3) & ~3;
  }
  return list;
}

/** Decoded values as JSON: bigint as `123n`, bytes as `0x...`. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
