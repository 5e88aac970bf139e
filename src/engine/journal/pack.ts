// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** A text under its hash. */
export interface Body {
  readonly hash: string;
  /** The text, compressed: made only where it is not kept yet. */
  body(): Uint8Array;
}

/** The text as it is kept. */
export function packed(text: string): Body {
  const bytes = Buffer.from(text);
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { hash, body: () => deflateRawSync(bytes, { level: 1 }) };
}

/** The inverse. */
export function unpacked(body: Uint8Array): string {
  return inflateRawSync(body).toString();
}
