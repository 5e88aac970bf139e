// SPDX-License-Identifier: Apache-2.0
// The traffic of a client while the node's agent comes and goes: a connection on which something is said and heard all the
// time, datagrams and new connections to an open and to a closed port. It tells what became of them when its input ends.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [host = '', open = '', closed = ''] = process.argv.slice(2);
const EVERY_MS = 20;
const CONNECT_EVERY_MS = 500;
const CONNECT_MS = 20_000;
const DRAIN_MS = 5000;

/** What a client tells at its end. */
export interface Traffic {
  /** Bytes said on the connection, and those that came back. */
  readonly said: number;
  readonly heard: number;
  readonly broken?: string;
  /** Datagrams to the open and to the closed port. */
  readonly sent: number;
  readonly knocked: number;
  /** New connections to the open port, and how many of them succeeded; to the closed port, and how many did. */
  readonly connections: { readonly begun: number; readonly made: number };
  readonly intrusions: { readonly begun: number; readonly made: number };
}

const traffic = {
  said: 0,
  heard: 0,
  broken: undefined as string | undefined,
  sent: 0,
  knocked: 0,
  connections: { begun: 0, made: 0 },
  intrusions: { begun: 0, made: 0 },
};

const held = connect({ host, port: Number(open) });
held.on('data', (data) => {
  traffic.heard += data.length;
});
held.on('close', () => {
  traffic.broken ??= 'closed';
});
held.on('error', (error) => {
  traffic.broken = error.message;
});
const datagrams = createSocket('udp4');
let over = false;

function attempt(port: string, counts: { begun: number; made: number }): void {
  counts.begun++;
  const socket = connect({ host, port: Number(port) });
  const end = setTimeout(() => socket.destroy(), CONNECT_MS);
  socket.on('error', () => {}).on('close', () => clearTimeout(end));
  socket.on('connect', () => {
    counts.made++;
    socket.destroy();
  });
}

const steady = setInterval(() => {
  traffic.said += 4;
  held.write('weir');
  traffic.sent++;
  datagrams.send('weir', Number(open), host);
  traffic.knocked++;
  datagrams.send('weir', Number(closed), host);
}, EVERY_MS);
const attempts = setInterval(() => {
  attempt(open, traffic.connections);
  attempt(closed, traffic.intrusions);
}, CONNECT_EVERY_MS);
held.once('connect', () => process.stdout.write('begun\n'));

process.stdin.resume().on('end', async () => {
  if (over) return;
  over = true;
  clearInterval(steady);
  clearInterval(attempts);
  await delay(DRAIN_MS);
  process.stdout.write(`${JSON.stringify(traffic)}\n`, () => process.exit(0));
});
