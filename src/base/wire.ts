// SPDX-License-Identifier: Apache-2.0

/**
 * Bytes with a DataView over the same memory, made once per buffer and not once per message.
 * Decoders take `(wire, start, end)` and read in the machine's byte order (little-endian on x64 and arm64).
 */
export interface Wire {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** A Wire over `bytes`; no copy. */
export function wireOf(bytes: Uint8Array): Wire {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
