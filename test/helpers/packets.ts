// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import type { TestNetns } from './netns.ts';

/** UDP packets that a test sends, each alone and in order. */
export interface UdpPackets {
  readonly to: string;
  readonly port?: number;
  readonly count: number;
  /** Bytes of payload. */
  readonly size?: number;
  readonly ttl?: number;
  readonly from?: string;
}

const UDP = `
  const { to, port = 9, count, size = 20, ttl, from } = JSON.parse(process.argv[1]);
  const socket = require('node:dgram').createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.bind({ address: from, port: 0, exclusive: true }, () => {
    if (ttl !== undefined) socket.setTTL(ttl);
    const next = (left) => {
      if (left === 0) return socket.close();
      socket.send(Buffer.alloc(size, 'weir'), port, to, (error) => {
        if (error) throw error;
        next(left - 1);
      });
    };
    next(count);
  });
`;

/** Send them from within the namespace; returns when the kernel has taken all. */
export function sendUdp(ns: TestNetns, packets: UdpPackets): void {
  ns.exec(process.execPath, '-e', UDP, JSON.stringify(packets));
}

const SYN = `
  const [to, port, count] = process.argv.slice(1);
  const net = require('node:net');
  const next = (left) => {
    if (left > 0) net.connect({ host: to, port: Number(port) }).on('error', () => next(left - 1));
  };
  next(Number(count));
`;

/** So many TCP connections in order, each of which fails at once. */
export function connectTcp(ns: TestNetns, to: string, port: number, count: number): void {
  ns.exec(process.execPath, '-e', SYN, to, String(port), String(count));
}
