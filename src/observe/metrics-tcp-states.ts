// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../base/wire.ts';
import { Encoder } from '../codec/encoder.ts';
import {
  encodeInetDiagReqV2,
  INET_DIAG_MSG_OFFSET,
  SOCK_DIAG_BY_FAMILY,
} from '../codec/generated/inet-diag.ts';
import type { NetlinkTransport } from '../kernel/ports.ts';
import type { TcpStates } from '../metrics/collector.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
const ALL_STATES = 0xffff_ffff;

/** node_exporter's names by state number (include/net/tcp_states.h); a request not yet accepted counts as syn_recv. */
const NAMES: readonly (string | undefined)[] = [
  undefined,
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  'syn_recv',
];

/**
 * Count the TCP sockets of the namespace by state and add up their queues, IPv4 and IPv6 together.
 *
 * @see net/ipv4/inet_diag.c inet_diag_dump()
 */
export async function countTcpStates(transport: NetlinkTransport, signal: AbortSignal): Promise<TcpStates> {
  const counts = [
    await countFamily(transport, AF_INET, signal),
    await countFamily(transport, AF_INET6, signal),
  ];
  const states = new Map<string, number>();
  for (const { byState } of counts)
    for (const [state, sockets] of byState.entries()) {
      const name = NAMES[state];
      if (name !== undefined && sockets > 0) states.set(name, (states.get(name) ?? 0) + sockets);
    }
  const sum = (of: (count: FamilyCount) => number) => counts.reduce((total, count) => total + of(count), 0);
  return { states, rxQueuedBytes: sum((count) => count.rx), txQueuedBytes: sum((count) => count.tx) };
}

interface FamilyCount {
  readonly byState: number[];
  rx: number;
  tx: number;
}

async function countFamily(
  transport: NetlinkTransport,
  family: number,
  signal: AbortSignal,
): Promise<FamilyCount> {
  const request = new Encoder();
  encodeInetDiagReqV2(request, {
    sdiagFamily: family,
    sdiagProtocol: IPPROTO_TCP,
    idiagStates: ALL_STATES,
  });
  const found: FamilyCount = { byState: NAMES.map(() => 0), rx: 0, tx: 0 };
  await transport.dump(
    { type: SOCK_DIAG_BY_FAMILY, payload: request.payload(), operation: 'SOCK_DIAG_BY_FAMILY dump of TCP' },
    (wire, start) => add(wire, start, found),
    { restart: () => Object.assign(found, { byState: NAMES.map(() => 0), rx: 0, tx: 0 }), signal },
  );
  return found;
}

function add({ view }: Wire, start: number, found: FamilyCount): void {
  const state = view.getUint8(start + INET_DIAG_MSG_OFFSET.idiagState);
  found.byState[state] = (found.byState[state] ?? 0) + 1;
  found.rx += view.getUint32(start + INET_DIAG_MSG_OFFSET.idiagRqueue, true);
  found.tx += view.getUint32(start + INET_DIAG_MSG_OFFSET.idiagWqueue, true);
}
