// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The reader went away (`weir show routes | head`): nothing is wrong, there is only nobody left to write for. */
export class ReaderGone extends Error {}

/** Text, or bytes, to a stream, no faster than it is read. */
export interface Sink {
  /** @throws {ReaderGone} when the other end of a pipe was closed. */
  write(text: string | Uint8Array): Promise<void>;
}

/** A sink over `stream`. Make one per stream: it listens for the stream's errors. */
export function sinkTo(stream: Writable): Sink {
  let failure: Error | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'EPIPE' ? new ReaderGone() : error;
  });
  return {
    async write(text) {
      if (failure !== undefined) throw failure;
      if (text.length === 0 || stream.write(text)) return;
      // A broken pipe ends the wait with the stream's error.
      await once(stream, 'drain').catch(() => {});
      if (failure !== undefined) throw failure;
    },
  };
}
