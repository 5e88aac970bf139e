// SPDX-License-Identifier: Apache-2.0
import type { Collector, Source } from './collector.ts';
import type { Exposition, Family } from './exposition.ts';
import { optional } from './optional.ts';
import { WordScanner } from './word-scanner.ts';

const QUEUES: Family = {
  name: 'node_udp_queues',
  help: 'Bytes in the queues of all UDP sockets.',
  type: 'gauge',
  labels: ['queue', 'ip'],
};

/** Words in front of `tx_queue:rx_queue`: sl, local address, remote address, state. */
const WORDS_BEFORE_QUEUES = 4;
const LINES_PER_CHUNK = 2_000;

/** Memory waiting in UDP sockets, from /proc/net/udp and udp6. */
export const udpQueues: Collector = {
  name: 'udp_queues',
  enabledByDefault: true,
  scope: 'netns',
  families: [QUEUES],
  collect: collectUdpQueues,
};

async function collectUdpQueues(source: Source, out: Exposition): Promise<void> {
  for (const [ip, path] of [
    ['v4', 'net/udp'],
    ['v6', 'net/udp6'],
  ] as const) {
    const bytes = await optional(source.proc(path));
    if (bytes === undefined) continue;
    const { tx, rx } = await sumQueues(bytes, path, out);
    out.family(QUEUES).add(['tx', ip], tx);
    out.family(QUEUES).add(['rx', ip], rx);
  }
}

async function sumQueues(
  bytes: Uint8Array,
  path: string,
  out: Exposition,
): Promise<{ readonly tx: number; readonly rx: number }> {
  const scanner = new WordScanner(bytes, path);
  let tx = 0;
  let rx = 0;
  scanner.nextLine();
  for (let line = 1; scanner.nextLine(); line++) {
    scanner.skip(WORDS_BEFORE_QUEUES);
    const [send, receive] = scanner.hexPair();
    tx += send;
    rx += receive;
    if (line % LINES_PER_CHUNK === 0) await out.breathe();
  }
  return { tx, rx };
}
