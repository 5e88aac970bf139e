// SPDX-License-Identifier: Apache-2.0
// What the policy's programs have to make of a frame, written down once more, slowly: the oracle for frames that nobody
// would send. Names of reasons are those of enum policy_reason.

/** What is judged, or why the frame cannot be. */
export type ReadFrame =
  | { readonly unread: 'NOT_IP' | 'MALFORMED' | 'TOO_DEEP' | 'FRAGMENT_SHORT' | 'FRAGMENT_OVERLAP' }
  | {
      readonly family: 4 | 6;
      readonly source: Uint8Array;
      readonly destination: Uint8Array;
      readonly protocol: number;
      readonly hops: number;
      readonly fragment: 'whole' | 'first' | 'later';
      /** Of TCP, UDP, SCTP. */
      readonly sourcePort: number;
      readonly port: number;
      /** Of ICMP. */
      readonly type: number;
      readonly code: number;
      /** Of TCP. */
      readonly flags: number;
    };

const [TCP, UDP, SCTP, ICMP, ICMPV6] = [6, 17, 132, 1, 58];
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];
const MOST_EXTENSIONS = 8;

class Unread extends Error {
  readonly reason: 'NOT_IP' | 'MALFORMED' | 'TOO_DEEP' | 'FRAGMENT_SHORT' | 'FRAGMENT_OVERLAP';

  constructor(reason: Unread['reason']) {
    super(reason);
    this.reason = reason;
  }
}

export function readFrame(frame: Uint8Array): ReadFrame {
  try {
    return readOrThrow(frame);
  } catch (error) {
    if (error instanceof Unread) return { unread: error.reason };
    throw error;
  }
}

function readOrThrow(frame: Uint8Array): ReadFrame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  let at = 14;
  let type = view.getUint16(12);
  for (let tags = 0; type === 0x8100 || type === 0x88a8; at += 4) {
    if (++tags > 2) throw new Unread('TOO_DEEP');
    if (at + 4 > frame.length) throw new Unread('MALFORMED');
    type = view.getUint16(at + 2);
  }
  if (type === 0x0800) return readV4(frame, view, at);
  if (type === 0x86dd) return readV6(frame, view, at);
  throw new Unread('NOT_IP');
}

type Packet = Exclude<ReadFrame, { unread: unknown }>;
type Network = Pick<Packet, 'family' | 'source' | 'destination' | 'hops'>;

function readV4(frame: Uint8Array, view: DataView, at: number): ReadFrame {
  if (at + 20 > frame.length) throw new Unread('MALFORMED');
  const header = (view.getUint8(at) & 15) * 4;
  const total = view.getUint16(at + 2);
  if (view.getUint8(at) >> 4 !== 4 || header < 20 || total < header || at + total > frame.length)
    throw new Unread('MALFORMED');
  const network = {
    family: 4,
    source: frame.slice(at + 12, at + 16),
    destination: frame.slice(at + 16, at + 20),
    hops: view.getUint8(at + 8),
  } as const;
  const protocol = view.getUint8(at + 9);
  const offset = (view.getUint16(at + 6) & 0x1fff) * 8;
  const more = (view.getUint16(at + 6) & 0x2000) !== 0;
  if (offset > 0) return later(network, protocol, offset);
  return readTransport(view, at + header, at + total, network, protocol, more ? 'first' : 'whole');
}

function later(network: Network, protocol: number, offset: number): ReadFrame {
  if (protocol === TCP && offset < 20) throw new Unread('FRAGMENT_OVERLAP');
  return { ...network, protocol, fragment: 'later', sourcePort: 0, port: 0, type: 0, code: 0, flags: 0 };
}

function readV6(frame: Uint8Array, view: DataView, at: number): ReadFrame {
  if (at + 40 > frame.length) throw new Unread('MALFORMED');
  const end = at + 40 + view.getUint16(at + 4);
  if (view.getUint8(at) >> 4 !== 6 || end > frame.length) throw new Unread('MALFORMED');
  const network = {
    family: 6,
    source: frame.slice(at + 8, at + 24),
    destination: frame.slice(at + 24, at + 40),
    hops: view.getUint8(at + 7),
  } as const;
  let next = view.getUint8(at + 6);
  let fragment: Packet['fragment'] = 'whole';
  let here = at + 40;
  const short = () => new Unread(fragment === 'first' ? 'FRAGMENT_SHORT' : 'MALFORMED');
  for (let count = 0; EXTENSIONS.includes(next); count++) {
    if (count === MOST_EXTENSIONS) throw new Unread('TOO_DEEP');
    if (here + 8 > end) throw short();
    const following = view.getUint8(here);
    let size = (view.getUint8(here + 1) + 1) * 8;
    if (next === 51) size = (view.getUint8(here + 1) + 2) * 4;
    if (next === 44) {
      size = 8;
      const offset = view.getUint16(here + 2) & 0xfff8;
      if (fragment !== 'whole') throw new Unread('FRAGMENT_OVERLAP');
      if (offset > 0) return later(network, following, offset);
      if (view.getUint16(here + 2) & 1) fragment = 'first';
    }
    here += size;
    next = following;
    if (here > end) throw short();
    if (count === MOST_EXTENSIONS - 1) throw new Unread('TOO_DEEP');
  }
  return readTransport(view, here, end, network, next, fragment);
}

function readTransport(
  view: DataView,
  at: number,
  end: number,
  network: Network,
  protocol: number,
  fragment: Packet['fragment'],
): ReadFrame {
  const nothing = { ...network, protocol, fragment, sourcePort: 0, port: 0, type: 0, code: 0, flags: 0 };
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  const least = protocol === TCP ? 20 : protocol === SCTP ? 12 : protocol === UDP || isIcmp ? 8 : 0;
  if (least === 0) return nothing;
  if (at + least > end) throw new Unread(fragment === 'first' ? 'FRAGMENT_SHORT' : 'MALFORMED');
  if (isIcmp) return { ...nothing, type: view.getUint8(at), code: view.getUint8(at + 1) };
  if (protocol === TCP) {
    const header = (view.getUint8(at + 12) >> 4) * 4;
    if (header < 20 || (fragment === 'whole' && at + header > end)) throw new Unread('MALFORMED');
  }
  return {
    ...nothing,
    sourcePort: view.getUint16(at),
    port: view.getUint16(at + 2),
    flags: protocol === TCP ? view.getUint8(at + 13) : 0,
  };
}
