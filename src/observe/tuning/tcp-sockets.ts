// SPDX-License-Identifier: Apache-2.0
import { renderIp } from '../../base/ip.ts';
import type { Wire } from '../../base/wire.ts';
import { Encoder } from '../../codec/encoder.ts';
import {
  decodeInetDiagAttrs,
  decodeInetDiagMsg,
  encodeInetDiagReqV2,
  INET_DIAG_ATTRS,
  INET_DIAG_INFO,
  INET_DIAG_MSG_SIZE,
  type InetDiagMsg,
  SOCK_DIAG_BY_FAMILY,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCP_TIME_WAIT,
  type TcpInfo,
} from '../../codec/generated/inet-diag.ts';
import { pickOf } from '../../codec/table.ts';
import type { NetlinkTransport } from '../../kernel/ports.ts';
import type { TcpSockets } from '../../tuning/advice/sample.ts';

const IPPROTO_TCP = 6;
const FAMILIES = [
  [2, 4],
  [10, 16],
] as const;
/** Far ends that are told apart; what connections to others there are is of no interest to any rule. */
const MOST_FAR_ENDS = 20_000;
const TOLD = 5;
const MOST_STUCK = 100;
/** Times that a segment was sent again, each time after twice as long, before its connection counts as stuck. */
const STUCK_BACKOFF = 3;
/** A segment below this size passes everywhere (RFC 4821 section 7.2). */
const SMALL_MSS = 1000;

const INFO = pickOf(INET_DIAG_ATTRS, ['inetDiagInfo']);

interface FarEnd {
  connections: number;
  timeWait: number;
}

/** Look at all TCP sockets of the namespace; of their number, only sums are kept. @see net/ipv4/inet_diag.c */
export async function readTcpSockets(transport: NetlinkTransport, signal: AbortSignal): Promise<TcpSockets> {
  const listeners = await readListeners(transport, signal);
  const served = new Set(listeners.map(({ port }) => port));
  const farEnds = new Map<string, FarEnd>();
  const stuck: { to: string; mss: number }[] = [];
  let established = 0;
  let rtts = 0;
  const one = (wire: Wire, start: number, end: number, bytes: number) => {
    const message = decodeInetDiagMsg(wire, start, end);
    const { idiagState: state } = message;
    const to = farEndOf(message, bytes);
    if (!served.has(message.id.idiagSport)) count(farEnds, to, state);
    if (state !== TCP_ESTABLISHED) return;
    const { inetDiagInfo: info } = decodeInetDiagAttrs(wire, start + INET_DIAG_MSG_SIZE, end, INFO);
    established++;
    rtts += info?.tcpiRtt ?? 0;
    if (info !== undefined && isStuck(info) && stuck.length < MOST_STUCK)
      stuck.push({ to, mss: info.tcpiSndMss });
  };
  const states = ((1 << 12) - 1) & ~(1 << TCP_LISTEN) & ~(1 << 7);
  await dump(transport, states, one, signal);
  const busiest = [...farEnds].sort(([, a], [, b]) => b.connections - a.connections).slice(0, TOLD);
  return {
    established,
    rtt: established === 0 ? 0 : rtts / established,
    busiest: busiest.map(([to, counts]) => ({ to, ...counts })),
    listeners: listeners.map(({ port: _, ...rest }) => rest),
    stuck,
  };
}

async function readListeners(transport: NetlinkTransport, signal: AbortSignal) {
  const found: { at: string; port: number; waiting: number; limit: number }[] = [];
  const one = (wire: Wire, start: number, end: number, bytes: number) => {
    const { id, idiagRqueue: waiting, idiagWqueue: limit } = decodeInetDiagMsg(wire, start, end);
    const port = id.idiagSport;
    // the kernel takes one more than it was told (net/core/sock.c sk_acceptq_is_full())
    if (found.length < 1000)
      found.push({ at: endpoint(id.idiagSrc.subarray(0, bytes), port), port, waiting, limit });
  };
  await dump(transport, 1 << TCP_LISTEN, one, signal);
  return found;
}

async function dump(
  transport: NetlinkTransport,
  idiagStates: number,
  message: (wire: Wire, start: number, end: number, bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const [sdiagFamily, bytes] of FAMILIES) {
    const request = new Encoder();
    const idiagExt = 1 << (INET_DIAG_INFO - 1);
    encodeInetDiagReqV2(request, { sdiagFamily, sdiagProtocol: IPPROTO_TCP, idiagStates, idiagExt });
    await transport.dump(
      { type: SOCK_DIAG_BY_FAMILY, payload: request.payload(), operation: 'SOCK_DIAG_BY_FAMILY dump of TCP' },
      (wire, start, end) => message(wire, start, end, bytes),
      { signal },
    );
  }
}

function count(farEnds: Map<string, FarEnd>, to: string, state: number): void {
  let known = farEnds.get(to);
  if (known === undefined) {
    if (farEnds.size >= MOST_FAR_ENDS) return;
    known = { connections: 0, timeWait: 0 };
    farEnds.set(to, known);
  }
  known.connections++;
  if (state === TCP_TIME_WAIT) known.timeWait++;
}

/** True when no segment of full size was ever acknowledged, and the same one is sent again and again. */
function isStuck({ tcpiBackoff, tcpiSndMss, tcpiBytesAcked, tcpiUnacked }: TcpInfo): boolean {
  if (tcpiBackoff < STUCK_BACKOFF || tcpiSndMss < SMALL_MSS) return false;
  return Number(tcpiBytesAcked) < tcpiSndMss && tcpiUnacked > 0;
}

function farEndOf({ id }: InetDiagMsg, bytes: number): string {
  return endpoint(id.idiagDst.subarray(0, bytes), id.idiagDport);
}

function endpoint(address: Uint8Array, port: number): string {
  const text = renderIp(address);
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}
