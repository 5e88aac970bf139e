// SPDX-License-Identifier: Apache-2.0
import type { DropEvent, DropQuery, DropReport } from './schemas/drops.ts';
import type { Feed } from './service.ts';
import type { Target } from './target.ts';

/**
 * Why packets are lost. All throw {WeirError} `NO_DATA` where the telemetry does not run, `NOT_FOUND` for a namespace that
 * is not watched, `VALUE` for a reason that the kernel does not have.
 */
export interface DropsService {
  /** Packets by kind since the counters began; those that were dropped most come first. */
  drops(target: Target, query: DropQuery): Promise<DropReport>;
  /** The packets of the flight recorder, oldest first, each as JSON, in batches. */
  droppedPackets(target: Target, query: DropQuery): AsyncGenerator<readonly string[], void>;
  /** The same as a capture file (pcapng), each packet with its reason as comment. */
  dropCapture(target: Target, query: DropQuery): AsyncGenerator<Uint8Array, void>;
  /** Follow the flight recorder from now on, or from behind the event with the id `after` as far as it goes back. */
  followDrops(
    target: Target,
    query: DropQuery,
    after: string | undefined,
    deliver: (event: DropEvent) => void,
  ): Promise<Feed>;
}
