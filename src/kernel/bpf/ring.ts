// SPDX-License-Identifier: Apache-2.0
import { wireOf } from '../../base/wire.ts';
import { checked } from '../errno.ts';
import { FD_EVENT, native } from '../native.ts';
import type { BpfRingReader, RingSink } from '../ports.ts';
import { openMap } from './maps.ts';

const DRAIN_BYTES = 1 << 18;
const HEADER = 8;
/** Longest stretch of one drain before other work gets a turn. */
const TURN_MS = 5;

/**
 * Read a BPF ring buffer as it fills. Records are handed over in one buffer that is used again: what is kept is copied.
 * @param fd The map; it stays the caller's, and must stay open as long as the reader.
 */
export function readRing(fd: number, sink: RingSink): BpfRingReader {
  const addon = native();
  const ring = checked('map the ring buffer', addon.ringOpen(fd, openMap(fd).maxEntries));
  const buffer = new Uint8Array(DRAIN_BYTES);
  const wire = wireOf(buffer);
  let closed = false;
  const drain = () => {
    const until = performance.now() + TURN_MS;
    for (;;) {
      const used = closed ? 0 : addon.ringDrain(ring, buffer);
      if (used <= 0) return;
      for (let at = 0; at < used; ) {
        const length = wire.view.getUint32(at, true);
        sink(wire, at + HEADER, at + HEADER + length);
        at += (HEADER + length + 7) & ~7;
      }
      if (performance.now() > until) {
        setImmediate(drain);
        return;
      }
    }
  };
  const watch = checked('watch the ring buffer', addon.fdWatchOpen(fd, drain));
  addon.fdWatchSet(watch, FD_EVENT.readable);
  return {
    drain,
    close() {
      if (closed) return;
      closed = true;
      addon.fdWatchClose(watch);
      addon.ringClose(ring);
    },
  };
}
