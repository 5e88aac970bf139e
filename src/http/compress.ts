// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { qualities } from './accept.ts';

/** True when an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  const choices = qualities(header);
  return (choices.get('gzip') ?? choices.get('x-gzip') ?? choices.get('*') ?? 0) > 0;
}

/** Compress on a thread of the pool. Level 1: half the size of level 6 is not worth four times the time. */
export function compressed(chunks: readonly Uint8Array[]): Readable {
  return Readable.from(chunks).pipe(createGzip({ level: 1, chunkSize: 65_536 }));
}
