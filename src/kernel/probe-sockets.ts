// SPDX-License-Identifier: Apache-2.0
// Connections of one namespace, opened to see whether somebody answers.
import { closeSync } from 'node:fs';
import type { NetnsFd } from '../base/brand.ts';
import { errnoName } from '../base/errno.gen.ts';
import { WeirError } from '../base/errors.ts';
import { parseIp } from '../base/ip.ts';
import { checked } from './errno.ts';
import { FD_EVENT, native } from './native.ts';

const ECHO_REQUEST = { 4: 8, 16: 128 } as const;
const ECHO_REPLY = { 4: 0, 16: 129 } as const;
const ECHO_BYTES = 16;
let sequence = 0;

/** Wait for the answer to an ICMP echo request (RFC 792, RFC 4443). @throws {WeirError} `PROBE`. */
export async function ping(netns: NetnsFd, address: string, timeoutMs: number): Promise<void> {
  const bytes = parseIp(address);
  const what = `ping ${address}`;
  const fd = open(netns, bytes, 0, true, what);
  try {
    const request = echoRequest(bytes.length as 4 | 16);
    answered(what, native().socketSend(fd, request));
    const buffer = Buffer.alloc(2048);
    await until(fd, FD_EVENT.readable, timeoutMs, what, () => {
      for (;;) {
        const length = native().socketReceive(fd, buffer);
        if (length === -EAGAIN) return false;
        answered(what, length);
        if (isReply(buffer.subarray(0, length), request)) return true;
      }
    });
  } finally {
    closeSync(fd);
  }
}

const EAGAIN = 11;

/** Open a TCP connection and close it. @throws {WeirError} `PROBE`. */
export async function connect(
  netns: NetnsFd,
  address: string,
  port: number,
  timeoutMs: number,
): Promise<void> {
  const what = `connect to ${address} port ${port}`;
  const fd = open(netns, parseIp(address), port, false, what);
  try {
    await until(fd, FD_EVENT.writable, timeoutMs, what, () => {
      answered(what, native().socketStatus(fd));
      return true;
    });
  } finally {
    closeSync(fd);
  }
}

function open(netns: NetnsFd, address: Uint8Array, port: number, echo: boolean, what: string): number {
  const fd = native().socketConnect(netns, address, port, echo);
  return fd >= 0 ? fd : answered(what, fd);
}

/** @throws {WeirError} `PROBE` for a negative errno. */
function answered(what: string, result: number): number {
  if (result >= 0) return result;
  throw new WeirError('PROBE', { what, problem: errnoName(-result) });
}

/** Resolve when `done` says so, which is asked whenever the socket is ready. */
function until(
  fd: number,
  event: number,
  timeoutMs: number,
  what: string,
  done: () => boolean,
): Promise<void> {
  const addon = native();
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      addon.fdWatchClose(watch);
      settle();
    };
    const timer = setTimeout(() => {
      finish(() => reject(new WeirError('PROBE', { what, problem: `no answer within ${timeoutMs} ms` })));
    }, timeoutMs);
    const watch = checked(
      what,
      addon.fdWatchOpen(fd, () => {
        try {
          if (done()) finish(resolve);
        } catch (error) {
          finish(() => reject(error as Error));
        }
      }),
    );
    checked(what, addon.fdWatchSet(watch, event));
  });
}

/** Type, code, checksum, identifier, sequence number, and the identifier again so that strangers are told apart. */
function echoRequest(family: 4 | 16): Buffer {
  const packet = Buffer.alloc(ECHO_BYTES);
  packet[0] = ECHO_REQUEST[family];
  packet.writeUInt16BE(process.pid & 0xffff, 4);
  packet.writeUInt16BE(sequence++ & 0xffff, 6);
  packet.writeBigUInt64BE(process.hrtime.bigint(), 8);
  // of ICMPv6 the kernel makes the checksum
  if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

/** A raw IPv4 socket hands out the header of IP too. */
function isReply(packet: Buffer, request: Buffer): boolean {
  const family = request[0] === ECHO_REQUEST[4] ? 4 : 16;
  const start = family === 4 ? ((packet[0] ?? 0) & 0xf) * 4 : 0;
  const reply = packet.subarray(start, start + ECHO_BYTES);
  return reply[0] === ECHO_REPLY[family] && reply.subarray(4).equals(request.subarray(4));
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~(sum + (sum >>> 16)) & 0xffff;
}
