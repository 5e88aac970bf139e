// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { Gap } from '../api/schemas/events.ts';

/** One entry of a feed. */
export interface StreamEvent {
  /** Hand it back to resume after it. */
  readonly id: string;
  readonly body: { readonly kind: string };
  /** `body` as JSON. */
  readonly json: string;
}

/** Bounds of one stream of server-sent events. */
export interface StreamLimits {
  /** Bytes that may wait for a slow client before it is dropped. */
  readonly bufferBytes: number;
  readonly heartbeatMs: number;
}

/**
 * One client of a feed. Events wait in the socket's buffer; a client that lets it grow beyond the bound is told
 * of the gap and disconnected: with the id of the last event it can come back for the rest.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  readonly #heartbeat: NodeJS.Timeout;
  #closed = false;

  constructor(response: ServerResponse, limits: StreamLimits) {
    this.#response = response;
    this.#limits = limits;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    response.write(`retry: 2000\n\n`);
    this.#heartbeat = setInterval(() => this.#write(': \n\n'), limits.heartbeatMs);
    this.#heartbeat.unref();
    response.once('close', () => this.close());
  }

  /** True once nothing more will be sent. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Send one event; a no-op after the end. */
  send({ id, body, json }: StreamEvent): void {
    this.#write(`id: ${id}\nevent: ${body.kind}\ndata: ${json}\n\n`);
  }

  /** End the stream. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#closed) return;
    if (this.#response.writableLength + text.length > this.#limits.bufferBytes) this.#drop();
    else this.#response.write(text);
  }

  /** Ids are not moved on: what was not sent comes after the last id that was. */
  #drop(): void {
    const gap: Gap = { kind: 'gap', reason: 'slow' };
    this.#response.write(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
    this.close();
  }
}
