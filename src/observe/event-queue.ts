// SPDX-License-Identifier: Apache-2.0
import { type Wire, wireOf } from '../base/wire.ts';

/** A copied notification. */
export interface QueuedEvent {
  readonly type: number;
  readonly wire: Wire;
}

/** Most bytes that wait: more than that is slower than the kernel, and a new dump is cheaper. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Notifications in order between the socket, which must be emptied fast, and whoever applies them. */
export class EventQueue {
  #events: (QueuedEvent | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  /** Copy a message. @returns false when the queue is full; it is then empty and the message is lost. */
  push(wire: Wire, start: number, end: number, type: number): boolean {
    if (this.#bytes + (end - start) > MAX_BYTES) {
      this.clear();
      return false;
    }
    this.#bytes += end - start;
    this.#events.push({ type, wire: wireOf(wire.bytes.slice(start, end)) });
    return true;
  }

  /** The oldest event, or undefined when there is none. */
  shift(): QueuedEvent | undefined {
    const event = this.#events[this.#head];
    if (event === undefined) return undefined;
    this.#bytes -= event.wire.bytes.length;
    this.#events[this.#head++] = undefined;
    if (this.#head === this.#events.length) this.clear();
    return event;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  clear(): void {
    this.#events = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
