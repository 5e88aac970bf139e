// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { WeirError } from '../../base/errors.ts';

/** The reader went away (`weir show routes | head`): nothing is wrong, there is only nobody left to write for. */
export class ReaderGone extends Error {}

/** Text, or bytes, to a stream, no faster than it is read. */
export interface Sink {
  /** @throws {ReaderGone} when the other end of a pipe was closed. */
  write(text: string | Uint8Array): Promise<void>;
}

/** What a stream's error means for what was to be written. */
export function asFailure(error: NodeJS.ErrnoException): Error {
  return error.code === 'EPIPE' ? new ReaderGone() : new WeirError('OUTPUT', { problem: error.message });
}

/** A sink over `stream`. Make one per stream: it listens for the stream's errors. */
export function sinkTo(stream: Writable): Sink {
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = asFailure(error);
  });
  return {
    async write(text) {
      if (failure !== undefined) throw failure;
      const taken = text.length === 0 || stream.write(text);
      // that of a file is known at once, and its event comes a moment later
      if (stream.errored) throw asFailure(stream.errored);
      if (taken) return;
      // A broken pipe ends the wait with the stream's error.
      await once(stream, 'drain').catch(() => {});
      if (failure !== undefined) throw failure;
    },
  };
}
