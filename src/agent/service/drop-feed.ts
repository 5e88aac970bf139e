// SPDX-License-Identifier: Apache-2.0
import type { DropEvent } from '../../api/schemas/drops.ts';
import type { Feed } from '../../api/service.ts';
import { lastRecord } from '../../observe/telemetry/drop-records.ts';
import type { TelemetryMaps } from '../../observe/telemetry/telemetry.ts';
import { droppedPacket, type PacketFilter, type SeenPacket } from './drop-packets.ts';

const POLL_MS = 200;

interface Follower {
  readonly fits: PacketFilter;
  readonly deliver: (event: DropEvent) => void;
}

type Range = { readonly after: number; readonly last: number };

/**
 * The flight recorder as it goes on, for any number of followers: it is looked at five times a second while there is one,
 * and costs nothing while there is none. What is found at one look is read at the next: then it is written to its end.
 */
export class DropFeed {
  readonly #telemetry: TelemetryMaps;
  readonly #read: (range: Range) => AsyncIterable<readonly SeenPacket[]>;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Numbers of the last record that was delivered, and of the last that was found. */
  #delivered = 0;
  #found = 0;

  constructor(telemetry: TelemetryMaps, read: (range: Range) => AsyncIterable<readonly SeenPacket[]>) {
    this.#telemetry = telemetry;
    this.#read = read;
  }

  /** From now on, or from behind record `after`. @throws {WeirError} `NO_DATA` where the program does not run. */
  async follow(follower: Follower, after: number | undefined): Promise<Feed> {
    const now = lastRecord(this.#telemetry);
    if (this.#timer === undefined) {
      this.#delivered = this.#found = now;
      this.#timer = setInterval(() => this.#look(), POLL_MS).unref();
    }
    const missed = { after: after ?? this.#delivered, last: this.#delivered };
    this.#followers.add(follower);
    if (missed.after < missed.last) await this.#deliver(missed, [follower]);
    return { close: () => this.#leave(follower) };
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One look after the other; one that fails is tried again with the next. */
  #look(): void {
    this.#looking = this.#looking.then(() => this.#deliverFound()).catch(() => {});
  }

  async #deliverFound(): Promise<void> {
    const range = { after: this.#delivered, last: this.#found };
    this.#found = lastRecord(this.#telemetry);
    this.#delivered = range.last;
    if (range.after < range.last) await this.#deliver(range, [...this.#followers]);
  }

  async #deliver(range: Range, followers: readonly Follower[]): Promise<void> {
    let before = range.after;
    const gap = (packets: number) => {
      if (packets > 0) for (const one of followers) one.deliver(gapEvent(before, packets));
    };
    for await (const packets of this.#read(range))
      for (const packet of packets) {
        const sequence = Number(packet.record.sequence);
        gap(sequence - before - 1);
        before = sequence;
        const event = dropEvent(packet);
        for (const { fits, deliver } of followers) if (fits(packet.kind)) deliver(event);
      }
    gap(range.last - before);
  }
}

function dropEvent(packet: SeenPacket): DropEvent {
  const body = { kind: 'drop' as const, ...droppedPacket(packet) };
  return { id: String(body.sequence), body, json: JSON.stringify(body) };
}

function gapEvent(id: number, packets: number): DropEvent {
  const body = { kind: 'gap' as const, packets };
  return { id: String(id), body, json: JSON.stringify(body) };
}
