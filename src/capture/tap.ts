// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../base/errors.ts';
import type {
  CaptureCounts,
  CaptureDevice,
  CaptureHandle,
  CaptureOptions,
  CaptureRead,
  CaptureSource,
  CaptureTarget,
  CaptureWritten,
  NamespaceIo,
} from '../kernel/ports.ts';

/** A device that is to be captured. */
export interface TapPlace {
  readonly netns: string;
  readonly device: CaptureDevice;
  readonly linkType: number;
  readonly io: NamespaceIo;
  /** Why it can no longer be captured, in words: the device is gone, or its namespace. */
  lost(): string | undefined;
}

export interface TapOptions {
  readonly place: TapPlace;
  readonly options: CaptureOptions;
  /** That opens it, and where there is another that takes over when many packets come. */
  readonly source: CaptureSource;
  readonly fast?: CaptureSource;
  readonly wake: () => void;
}

/** Packets a second from which on the fast source takes over. */
const MANY = 2_000;

/** Bytes of the kernel's buffer that a device has at least when it shares them with others. */
const LEAST_BUFFER = 4 << 20;

/** What one of so many devices gets of the kernel's buffer: many devices must not take the memory of a small node. */
export function bufferShare(bytes: number, devices: number): number {
  return Math.max(Math.floor(bytes / devices), Math.min(LEAST_BUFFER, bytes));
}

/** One device of a capture: its source, and the change to a faster one. */
export class Tap {
  readonly place: TapPlace;
  readonly #options: TapOptions;
  #source: CaptureSource;
  #handle: CaptureHandle;
  #changing = false;
  #changed: CaptureHandle | undefined;
  #packets = 0;
  #before = { packets: 0, time: performance.now() };
  /** Of sources that were left. */
  #past: CaptureCounts = { accepted: 0, dropped: 0 };

  /** @throws what the source throws. */
  constructor(options: TapOptions) {
    this.#options = options;
    this.place = options.place;
    this.#source = options.source;
    this.#handle = options.source.open(options.place.io, options.place.device, options.options, options.wake);
  }

  get source(): CaptureSource['name'] {
    return this.#source.name;
  }

  get delayMs(): number {
    return this.#source.delayMs;
  }

  get packets(): number {
    return this.#packets;
  }

  read(into: Uint8Array, most: number, room: number): CaptureRead {
    const got = this.#handle.read(into, most, room);
    this.#packets += got.packets;
    if (got.packets === 0 && this.#changed !== undefined) this.#leave(this.#changed);
    return got;
  }

  /** As {@link CaptureHandle.write}. */
  async write(target: CaptureTarget, most: number): Promise<CaptureWritten> {
    const got = await this.#handle.write(target, most);
    this.#packets += got.packets;
    if (got.packets === 0 && this.#changed !== undefined) this.#leave(this.#changed);
    return got;
  }

  /** What is known of lost packets; what waits to be read counts as accepted. */
  counts(): CaptureCounts {
    const { accepted, dropped } = this.#handle.counts();
    return { accepted: this.#past.accepted + accepted, dropped: this.#past.dropped + dropped };
  }

  problem(): string | undefined {
    return this.place.lost() ?? this.#handle.problem();
  }

  /** Now and then: change the source when many packets come, or it has had an error. */
  look(): void {
    const now = performance.now();
    const rate = ((this.#packets - this.#before.packets) * 1000) / Math.max(1, now - this.#before.time);
    this.#before = { packets: this.#packets, time: now };
    const { fast } = this.#options;
    if (fast === undefined || fast === this.#source || this.#changing) return;
    if (rate < MANY && this.#handle.ails?.() !== true) return;
    this.#changing = true;
    this.#change(fast).catch(() => {});
  }

  async #change(fast: CaptureSource): Promise<void> {
    const { place, options, wake } = this.#options;
    const successor = fast.open(place.io, place.device, options, wake);
    await this.#handle.handOver?.(successor);
    this.#changed = successor;
    this.#options.wake();
  }

  /** The old source has given all that was its own. */
  #leave(successor: CaptureHandle): void {
    const { dropped } = this.#handle.counts();
    this.#past = { accepted: this.#packets + dropped, dropped };
    this.#close(this.#handle);
    this.#handle = successor;
    this.#source = this.#options.fast as CaptureSource;
    this.#changed = undefined;
  }

  close(): void {
    this.#close(this.#handle);
    if (this.#changed !== undefined) this.#close(this.#changed);
  }

  #close(handle: CaptureHandle): void {
    try {
      handle.close();
    } catch (error) {
      // the rest must be closed all the same
      console.error(messageOf(error));
    }
  }
}
