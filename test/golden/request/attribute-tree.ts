// SPDX-License-Identifier: Apache-2.0
// Netlink messages compared without anybody's tables: attributes in any order, nests found by their shape.

/** Bytes of the fixed header behind nlmsghdr, by (message type - 16) / 4. */
const HEADERS: Readonly<Record<number, number>> = {
  0: 16, // link
  1: 8, // address
  2: 12, // route
  3: 12, // neighbour
  4: 12, // rule
  5: 20, // qdisc
  6: 20, // class
  7: 20, // filter
  8: 4, // action
  16: 20, // address label and others: not used
  21: 20, // chain
  22: 8, // nexthop
};
const RTM_BASE = 16;
/** Nests start at once, behind a family, behind an ifinfomsg (the peer of a veth) or the struct of a prio or netem. */
const NEST_HEADERS = [0, 4, 16, 20, 24];

interface Attr {
  readonly type: number;
  readonly payload: Buffer;
}

/** Differences between two payloads of one message type, as `path: what`; empty when they mean the same. */
export function requestDifferences(type: number, ours: Uint8Array, theirs: Uint8Array): readonly string[] {
  const size = HEADERS[(type - RTM_BASE) >> 2] ?? 0;
  const [a, b] = [Buffer.from(ours), Buffer.from(theirs)];
  const found: string[] = [];
  if (!a.subarray(0, size).equals(b.subarray(0, size)))
    found.push(`header: ${hex(a.subarray(0, size))} instead of ${hex(b.subarray(0, size))}`);
  const [left, right] = [attributes(a.subarray(size)), attributes(b.subarray(size))];
  if (left === undefined || right === undefined) return [...found, 'message: no list of attributes'];
  compareLists(left, right, '', found);
  return found;
}

function compareLists(ours: readonly Attr[], theirs: readonly Attr[], path: string, found: string[]): void {
  const types = [...new Set([...ours, ...theirs].map((attr) => attr.type))].toSorted((a, b) => a - b);
  for (const type of types) {
    const [a, b] = [ours, theirs].map((list) => list.filter((attr) => attr.type === type)) as [
      Attr[],
      Attr[],
    ];
    for (let i = 0; i < Math.max(a.length, b.length); i++)
      compare(a[i], b[i], `${path}${path === '' ? '' : '.'}${type}${i > 0 ? `[${i}]` : ''}`, found);
  }
}

function compare(ours: Attr | undefined, theirs: Attr | undefined, path: string, found: string[]): void {
  if (ours === undefined || theirs === undefined) {
    const given = (ours ?? theirs) as Attr;
    found.push(
      `${path}: ${ours === undefined ? 'missing' : 'not in the golden request'}, ${hex(given.payload)}`,
    );
    return;
  }
  if (ours.payload.equals(theirs.payload) || sameText(ours.payload, theirs.payload)) return;
  for (const header of NEST_HEADERS) {
    const same = ours.payload.subarray(0, header).equals(theirs.payload.subarray(0, header));
    const [a, b] = [ours, theirs].map(({ payload }) => attributes(payload.subarray(header)));
    if (same && a !== undefined && b !== undefined) {
      compareLists(a, b, path, found);
      return;
    }
  }
  found.push(`${path}: ${hex(ours.payload)} instead of ${hex(theirs.payload)}`);
}

/** The kernel takes text with or without the NUL at its end. */
function sameText(a: Buffer, b: Buffer): boolean {
  const text = (bytes: Buffer) => bytes.toString('latin1').replace(/\0$/, '');
  return text(a) === text(b) && /^[\x21-\x7e]{2,}$/.test(text(a));
}

const TYPE_MASK = 0x3fff;
const MORE_THAN_ANY_TYPE = 300;

/** The attributes that `bytes` are made of, or undefined when they are something else. */
function attributes(bytes: Buffer): readonly Attr[] | undefined {
  const list: Attr[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) return undefined;
    const length = bytes.readUInt16LE(at);
    const type = bytes.readUInt16LE(at + 2) & TYPE_MASK;
    if (length < 4 || at + length > bytes.length || type > MORE_THAN_ANY_TYPE) return undefined;
    list.push({ type, payload: bytes.subarray(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return list;
}

const hex = (bytes: Uint8Array) => (bytes.length === 0 ? '(empty)' : Buffer.from(bytes).toString('hex'));
