// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { ERRNO } from '../base/errno.gen.ts';
import { type Deferred, deferred } from './deferred.ts';
import { kernelError } from './errno.ts';

/** Sends one datagram. @returns bytes sent or a negative errno. */
export type Send = (bytes: Uint8Array, start: number, end: number) => Promise<number>;

interface Entry {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly operation: string;
  readonly taken: Deferred<void>;
}

/** Bytes of small messages that share a datagram. */
const DATAGRAM = 32 << 10;
/** How often a send is tried again after EAGAIN or ENOBUFS, 1, 2, 4 ... 64 ms apart. */
const RETRIES = 10;

/** Sends messages in the order in which they were given, one system call at a time; what waits meanwhile is joined. */
export class NetlinkSender {
  readonly #send: Send;
  readonly #queue: Entry[] = [];
  #running = false;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Send `bytes[start, end)`, whole messages. They must not change before the promise settles.
   * @throws {KernelError} when the kernel does not take them.
   */
  send(bytes: Uint8Array, start: number, end: number, operation: string): Promise<void> {
    const taken = deferred<void>();
    this.#queue.push({ bytes, start, end, operation, taken });
    if (!this.#running) void this.#run();
    return taken.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let entries = this.#take(); entries.length > 0; entries = this.#take()) {
      const joined = join(entries);
      try {
        await this.#sendOne(joined);
        for (const { taken } of entries) taken.resolve();
      } catch (error) {
        for (const { taken } of entries) taken.reject(error);
      }
    }
    this.#running = false;
  }

  #take(): readonly Entry[] {
    let size = 0;
    let count = 0;
    for (const { start, end } of this.#queue) {
      size += end - start;
      if (count > 0 && size > DATAGRAM) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #sendOne({ bytes, start, end, operation }: Entry): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const sent = await this.#send(bytes, start, end);
      if (sent >= 0) return;
      const full = sent === -ERRNO.EAGAIN || sent === -ERRNO.ENOBUFS;
      if (!full || attempt === RETRIES) throw kernelError(operation, -sent);
      await delay(2 ** Math.min(attempt, 6));
    }
  }
}

function join(entries: readonly Entry[]): Entry {
  const [first] = entries as [Entry];
  if (entries.length === 1) return first;
  const bytes = Buffer.concat(entries.map((entry) => entry.bytes.subarray(entry.start, entry.end)));
  return { ...first, bytes, start: 0, end: bytes.length, operation: `${first.operation} and others` };
}
