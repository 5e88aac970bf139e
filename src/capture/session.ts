// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../base/errors.ts';
import type { CaptureTarget, CaptureWritten } from '../kernel/ports.ts';
import type { CaptureLimits, CaptureReport } from '../model/capture.ts';
import { BeforeRing } from './before-ring.ts';
import { type Ending, isAbrupt } from './ending.ts';
import { type FileInterface, type FileOrigin, fileHeader, fileTrailer } from './section.ts';
import type { Tap } from './tap.ts';
import type { Waker } from './waker.ts';

/** What starts a capture that listens already. */
export interface Trigger {
  readonly description: string;
  /** @returns what was seen, in words, once it happened. */
  check(): Promise<string | undefined>;
  readonly beforeBytes: number;
  readonly withinSeconds: number;
}

/** Blocks that come from elsewhere than a device, each with its interface: dropped packets. */
export interface ExtraBlocks {
  readonly interfaces: readonly FileInterface[];
  /** What came since the last time: whole blocks. */
  take(): Portion;
  close(): void;
}

export interface SessionParts {
  readonly taps: readonly Tap[];
  readonly interfaces: readonly FileInterface[];
  readonly extra?: ExtraBlocks;
  readonly origin: FileOrigin;
  readonly comment: string;
  readonly filter: string;
  readonly limits: Required<CaptureLimits>;
  readonly trigger?: Trigger;
  readonly waker: Waker;
  /** Bytes that one packet can need at most. */
  readonly largest: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Whole blocks. */
interface Portion {
  readonly bytes: Uint8Array;
  readonly packets: number;
}

/** As many blocks as have so many bytes at most. */
function cut(portion: Portion, most: number): Portion {
  if (portion.bytes.length <= most) return portion;
  const view = new DataView(portion.bytes.buffer, portion.bytes.byteOffset);
  let [end, packets] = [0, 0];
  for (let size = view.getUint32(4, true); end + size <= most; size = view.getUint32(end + 4, true)) {
    end += size;
    packets++;
  }
  return { bytes: portion.bytes.subarray(0, end), packets };
}

/** Bytes that are handed on at once, and milliseconds between looks at what makes it end. */
const PORTION = 1 << 20;
const LOOK_MS = 250;

/**
 * One capture from its beginning to its end, whatever becomes of its packets. They are pulled: while nobody asks for more
 * they stay in the kernel, which drops what finds no room and counts it.
 */
export class CaptureSession {
  readonly #parts: SessionParts;
  readonly #scratch: Uint8Array;
  readonly #before: BeforeRing | undefined;
  readonly started: number;
  #deadline: number;
  #ending: Ending | undefined;
  #triggered: string | undefined;
  #ended: number | undefined;
  #packets = 0;
  #extraPackets = 0;
  #bytes = 0;
  #looked = 0;
  /** Given last, and what could not be kept of all. */
  #handed = { bytes: 0, packets: 0 };
  #unkept = 0;
  /** The last {@link write} found something. */
  #wrote = false;
  #closed = false;
  #letGo: () => void = () => {};
  readonly #done = new Promise<void>((resolve) => {
    this.#letGo = resolve;
  });
  #last: ReturnType<CaptureSession['counts']> = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#scratch = new Uint8Array(PORTION + parts.largest);
    this.started = parts.now();
    const { trigger, limits } = parts;
    this.#before = trigger && new BeforeRing(trigger.beforeBytes);
    this.#deadline = performance.now() + (trigger?.withinSeconds ?? limits.seconds) * 1000;
  }

  get state(): CaptureReport['state'] {
    if (this.#ended !== undefined) return 'ended';
    return this.#isWaiting ? 'waiting' : 'running';
  }

  /** As packets are numbered by them. */
  get interfaces(): readonly FileInterface[] {
    return [...this.#parts.interfaces, ...(this.#parts.extra?.interfaces ?? [])];
  }

  /** Bytes that one packet can need at most. */
  get largest(): number {
    return this.#parts.largest;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  get #isWaiting(): boolean {
    return this.#before !== undefined && this.#triggered === undefined;
  }

  /** End it; the first reason counts. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    this.#parts.waker.wake();
  }

  header(): Uint8Array {
    const { origin, comment, trigger } = this.#parts;
    const seen =
      trigger === undefined ? '' : `; trigger: ${trigger.description}: ${this.#triggered ?? 'waiting'}`;
    return fileHeader(origin, `${comment}${seen}`, this.interfaces);
  }

  trailer(): Uint8Array {
    const extra = this.#parts.extra?.interfaces ?? [];
    const counts = [
      ...this.counts(),
      ...extra.map(() => ({ accepted: this.#extraPackets, dropped: 0, packets: this.#extraPackets })),
    ];
    return fileTrailer(counts, { start: this.started, now: this.#parts.now() }, this.#ending);
  }

  /** Of each device; what they were when it ended. */
  counts(): readonly { readonly accepted: number; readonly dropped: number; readonly packets: number }[] {
    if (!this.#closed)
      this.#last = this.#parts.taps.map((tap) => ({ ...tap.counts(), packets: tap.packets }));
    return this.#last;
  }

  report(): Omit<CaptureReport, 'id' | 'by' | 'files'> {
    const counts = this.counts();
    return {
      state: this.state,
      started: this.started,
      ...(this.#triggered !== undefined && { triggered: this.#triggered }),
      ...(this.#ended !== undefined && { ended: this.#ended }),
      ...(this.#ending !== undefined && this.#ended !== undefined && { end: this.#ending }),
      filter: this.#parts.filter,
      limits: this.#parts.limits,
      packets: this.#packets,
      bytes: this.#bytes,
      dropped: this.#lost(counts),
      devices: this.#parts.taps.map(({ place, source }, i) => ({
        netns: place.netns,
        device: place.device.name,
        source,
        ...(counts[i] ?? { accepted: 0, dropped: 0, packets: 0 }),
      })),
    };
  }

  /** What the kernel dropped and what could not be kept; after an abrupt end also what was on its way. */
  #lost(counts: ReturnType<CaptureSession['counts']>): number {
    const total = (of: 'accepted' | 'dropped') => counts.reduce((sum, one) => sum + one[of], 0);
    const lost = total('dropped') + this.#unkept;
    if (this.#ended === undefined || this.#ending === undefined || !isAbrupt(this.#ending)) return lost;
    return Math.max(lost, total('accepted') - (this.#packets - this.#extraPackets));
  }

  /** The packets: whole blocks, each portion valid until the next one is asked for. */
  async *packets(): AsyncGenerator<Uint8Array, void> {
    yield* this.#course(() => this.#portion());
  }

  /**
   * The same for who writes it to files: blocks that are in memory, and, several times a second, undefined for a turn to
   * {@link write} what the devices have.
   */
  async *turns(): AsyncGenerator<Uint8Array | undefined, void> {
    yield* this.#course(() => this.#turn());
  }

  /** @param take Gives what there is, and says whether there was something. */
  async *#course<T>(take: () => Generator<T, boolean>): AsyncGenerator<T, void> {
    try {
      for (;;) {
        await this.#look();
        if (this.#ending !== undefined) break;
        const isSome = this.#isWaiting ? this.#keep() : yield* take();
        if (!isSome) await this.#parts.waker.sleep(LOOK_MS);
      }
      if (this.#isWaiting) return;
      if (!isAbrupt(this.#ending)) await this.#settle();
      // not for ever: packets may come faster than they are taken
      for (let left = 256; left > 0 && this.#isWithinLimits; left--) if (!(yield* take())) return;
    } catch (error) {
      this.end({ reason: 'failed', detail: messageOf(error) });
      throw error;
    } finally {
      this.close();
    }
  }

  *#portion(): Generator<Uint8Array, boolean> {
    yield* this.#earlier();
    const portion = this.#read();
    if (portion !== undefined) yield this.#given(portion);
    return portion !== undefined;
  }

  *#turn(): Generator<Uint8Array | undefined, boolean> {
    yield* this.#earlier();
    const extra = this.#takeExtra();
    if (extra !== undefined) yield this.#given(extra);
    this.#wrote = false;
    yield undefined;
    return extra !== undefined || this.#wrote;
  }

  /** While it waits for the trigger. */
  #keep(): boolean {
    const portion = this.#read();
    if (portion !== undefined) this.#before?.add(portion.bytes, portion.packets);
    return portion !== undefined;
  }

  /** What came before the end is still on its way. */
  async #settle(): Promise<void> {
    const delay = Math.max(...this.#parts.taps.map(({ delayMs }) => delayMs));
    await new Promise((resolve) => setTimeout(resolve, 2 * delay));
  }

  /** Write what the devices have to a file, within the limits, the last of which ends the capture. */
  async write({ fd, at, room, waitMs }: CaptureTarget): Promise<Omit<CaptureWritten, 'octets' | 'packets'>> {
    const { limits, taps } = this.#parts;
    const left = Math.max(0, limits.bytes - this.#bytes);
    const most = Math.min(room, left);
    // the others must not wait for one
    const mayWait = taps.length === 1 && this.#ending === undefined;
    let [bytes, lost, more] = [0, 0, false];
    let problem: string | undefined;
    for (const tap of taps) {
      const target = { fd, at: at + bytes, room: most - bytes, waitMs: mayWait ? waitMs : 0 };
      const got = await tap.write(target, Math.max(0, limits.packets - this.#packets));
      bytes += got.bytes;
      lost += got.lost;
      more ||= got.more;
      this.#packets += got.packets;
      this.#bytes += got.bytes;
      problem = got.problem;
      if (problem !== undefined) break;
    }
    this.#unkept += lost;
    this.#wrote = bytes > 0;
    this.#checkLimits(more && most === left);
    return { bytes, lost, more, ...(problem !== undefined && { problem }) };
  }

  #given(portion: Portion): Uint8Array {
    const { bytes, packets } = cut(portion, this.#parts.limits.bytes - this.#bytes);
    this.#packets += packets;
    this.#bytes += bytes.length;
    this.#handed = { bytes: bytes.length, packets };
    this.#checkLimits(bytes.length < portion.bytes.length);
    return bytes;
  }

  get #isWithinLimits(): boolean {
    const { limits } = this.#parts;
    return this.#packets < limits.packets && this.#bytes < limits.bytes;
  }

  /** @param isCut A packet is left out, since it would have been too many bytes. */
  #checkLimits(isCut: boolean): void {
    const { limits } = this.#parts;
    if (this.#packets >= limits.packets)
      this.end({ reason: 'packets', detail: `the limit of ${limits.packets} packets` });
    else if (isCut || this.#bytes >= limits.bytes)
      this.end({ reason: 'bytes', detail: `the limit of ${limits.bytes} bytes` });
  }

  #read(): Portion | undefined {
    const { limits, taps, largest } = this.#parts;
    const left = this.#isWaiting ? PORTION : limits.bytes - this.#bytes;
    const room = Math.max(largest, Math.min(PORTION, left));
    const most = this.#isWaiting ? Number.MAX_SAFE_INTEGER : limits.packets - this.#packets;
    let [used, packets] = [0, 0];
    for (const tap of taps) {
      const space = room - used;
      if (packets >= most || (used > 0 && space < largest)) break;
      const got = tap.read(this.#scratch.subarray(used), most - packets, space);
      used += got.bytes;
      packets += got.packets;
    }
    const more = this.#takeExtra();
    if (more === undefined)
      return used === 0 ? undefined : { bytes: this.#scratch.subarray(0, used), packets };
    const whole = new Uint8Array(used + more.bytes.length);
    whole.set(this.#scratch.subarray(0, used));
    whole.set(more.bytes, used);
    return { bytes: whole, packets: packets + more.packets };
  }

  #takeExtra(): Portion | undefined {
    const more = this.#parts.extra?.take();
    if (more === undefined || more.bytes.length === 0) return undefined;
    this.#extraPackets += more.packets;
    return more;
  }

  /** At most four times a second: what makes it end or begin. */
  async #look(): Promise<void> {
    const now = performance.now();
    if (now - this.#looked < LOOK_MS) return;
    this.#looked = now;
    for (const tap of this.#parts.taps) {
      tap.look();
      const problem = tap.problem();
      if (problem !== undefined) this.end({ reason: 'device', detail: problem });
    }
    if (this.#isWaiting) await this.#checkTrigger();
    if (now < this.#deadline) return;
    const { trigger, limits } = this.#parts;
    if (this.#isWaiting)
      this.end({ reason: 'trigger', detail: `nothing happened within ${trigger?.withinSeconds} seconds` });
    else this.end({ reason: 'seconds', detail: `the limit of ${limits.seconds} seconds` });
  }

  async #checkTrigger(): Promise<void> {
    const { trigger, limits } = this.#parts;
    const seen = await trigger?.check();
    if (seen === undefined || this.#ending !== undefined) return;
    // what is in the kernel now came before: it goes behind what was kept
    this.#triggered = seen;
    this.#deadline = performance.now() + limits.seconds * 1000;
  }

  /** The portion that was given last could not be kept: its packets are lost. */
  takeBack(): void {
    this.#packets -= this.#handed.packets;
    this.#bytes -= this.#handed.bytes;
    this.#unkept += this.#handed.packets;
    this.#handed = { bytes: 0, packets: 0 };
  }

  /** What was kept from before the trigger; nothing the second time. */
  *#earlier(): Generator<Uint8Array, void> {
    for (const portion of this.#before?.take() ?? []) yield this.#given(portion);
  }

  /** Let go of the devices. */
  close(): void {
    if (this.#closed) return;
    this.counts();
    this.#closed = true;
    this.#ended = this.#parts.now();
    this.#ending ??= { reason: 'client', detail: 'nobody takes the packets any more' };
    for (const tap of this.#parts.taps) tap.close();
    this.#parts.extra?.close();
    this.#letGo();
  }

  /** Until it has ended, by itself or, when nobody takes its packets, by force. */
  async stopped(ms: number): Promise<void> {
    const late = setTimeout(() => this.close(), ms);
    await this.#done;
    clearTimeout(late);
  }
}
