// SPDX-License-Identifier: Apache-2.0
// Packets by the addon's ring: any namespace, any rate. Nothing here is done per packet.

import { ERRNO } from '../../base/errno.gen.ts';
import { withPrologue } from '../../codec/bpf/classic.ts';
import { LINK_TYPE } from '../../codec/pcapng.ts';
import { checked, kernelError } from '../errno.ts';
import { FD_EVENT, type NativeCapture, native } from '../native.ts';
import type { NamespaceIo } from '../ports.ts';
import { ARPHRD_LOOPBACK, linkTypeOf } from './link-type.ts';
import type {
  CaptureDevice,
  CaptureHandle,
  CaptureOptions,
  CaptureSource,
  CaptureTarget,
  CaptureWritten,
} from './port.ts';

/** Of one block of the ring: a packet must fit, and the kernel looks for so much memory in one piece. */
const BLOCK_BYTES = { least: 1 << 19, most: 1 << 22 } as const;
/**
 * Blocks of the ring where these sizes allow it. Somebody wakes for each, so they are few; but where packets come seldom
 * each is handed over with the few that it has, and they must last while nobody reads.
 */
const BLOCKS = 32;
const FEWEST_BLOCKS = 4;
/** Milliseconds until a block is handed over that is not full. */
const RETIRE_MS = 100;
const RIGHT = 'CAP_NET_RAW';

export const ringSource: CaptureSource = {
  name: 'ring',
  nanoseconds: true,
  delayMs: RETIRE_MS,
  refuses: () => undefined,
  open: (io, device, options, wake) => new RingHandle(io, device, options, wake),
};

/** Places in the numbers that `captureRead` and `captureWriteLater` take and give. */
const N = {
  interface: 0,
  snapLength: 1,
  ethernet: 2,
  most: 3,
  notBefore: 4,
  packets: 5,
  octets: 6,
  at: 9,
  room: 10,
  waitMs: 11,
  bytes: 12,
  lost: 13,
  more: 14,
  count: 15,
} as const;

class RingHandle implements CaptureHandle {
  readonly #capture: NativeCapture;
  readonly #watch: ReturnType<typeof openWatch>;
  readonly #numbers = new BigUint64Array(N.count);
  readonly #fresh = new Uint32Array(2);
  #accepted = 0;
  #dropped = 0;

  constructor(io: NamespaceIo, device: CaptureDevice, options: CaptureOptions, wake: () => void) {
    const ethernet = linkTypeOf(device.type) === LINK_TYPE.ethernet;
    const size = blockSize(options.bufferBytes);
    const blocks = Math.max(FEWEST_BLOCKS, Math.floor(options.bufferBytes / size));
    const cooked = Number(!ethernet);
    const numbers = Int32Array.of(cooked, Number(options.promiscuous), size, blocks, RETIRE_MS);
    // what a loopback device sends it also receives: seen once is enough
    const direction =
      device.type === ARPHRD_LOOPBACK && options.direction === 'both' ? 'in' : options.direction;
    const program = withPrologue(options.program, { ...options, direction });
    this.#capture = checked(
      `capture on ${device.name}`,
      native().captureOpen(io.fd, device.ifindex, numbers, program),
      RIGHT,
    );
    this.#numbers[N.interface] = BigInt(options.interface);
    this.#numbers[N.snapLength] = BigInt(options.snapLength);
    this.#numbers[N.ethernet] = BigInt(ethernet);
    this.#watch = openWatch(this.#capture, wake);
  }

  read(into: Uint8Array, most: number, room: number) {
    const numbers = this.#numbers;
    numbers[N.most] = BigInt(most);
    const bytes = native().captureRead(this.#capture, into.subarray(0, room), numbers);
    if (bytes <= 0) {
      this.#watch.resume();
      return { bytes: 0, packets: 0, octets: 0 };
    }
    return { bytes, packets: Number(numbers[N.packets]), octets: Number(numbers[N.octets]) };
  }

  async write({ fd, at, room, waitMs }: CaptureTarget, most: number): Promise<CaptureWritten> {
    if (!this.#watch.hasFired()) return NOTHING;
    const numbers = this.#numbers;
    numbers[N.most] = BigInt(most);
    numbers[N.at] = BigInt(at);
    numbers[N.room] = BigInt(room);
    numbers[N.waitMs] = BigInt(waitMs);
    const result = await native().captureWriteLater(this.#capture, fd, numbers);
    if (result === -ERRNO.EBADF) return NOTHING;
    const number = (place: number) => Number(numbers[place]);
    const more = number(N.more) !== 0;
    if (!more) this.#watch.resume();
    return {
      bytes: number(N.bytes),
      packets: number(N.packets),
      octets: number(N.octets),
      lost: number(N.lost),
      more,
      ...(result < 0 && { problem: kernelError('write', -result).message }),
    };
  }

  counts() {
    if (native().captureStatistics(this.#capture, this.#fresh) === 0) {
      this.#accepted += this.#fresh[0] ?? 0;
      this.#dropped += this.#fresh[1] ?? 0;
    }
    return { accepted: this.#accepted, dropped: this.#dropped };
  }

  startAt(time: bigint): void {
    checked('stamp packets where they arrive', native().captureStamp(this.#capture, true));
    this.#numbers[N.notBefore] = time;
  }

  problem(): string | undefined {
    return native().captureDevice(this.#capture) < 0 ? 'the device is gone' : undefined;
  }

  close(): void {
    this.#watch.close();
    native().captureClose(this.#capture);
  }
}

const NOTHING: CaptureWritten = { bytes: 0, packets: 0, octets: 0, lost: 0, more: false };

/** A power of two, as the kernel gives memory. */
function blockSize(bufferBytes: number): number {
  const wanted = 2 ** Math.floor(Math.log2(bufferBytes / BLOCKS));
  return Math.min(BLOCK_BYTES.most, Math.max(BLOCK_BYTES.least, wanted));
}

/**
 * Wakes once, and again when what there was has been read: the descriptor stays readable until then, and would keep the
 * event loop from sleeping. A device that goes down or away is an error of the socket, which is taken off it; one that
 * comes back goes on.
 */
function openWatch(capture: NativeCapture, wake: () => void) {
  const addon = native();
  const fd = checked('capture', addon.captureFd(capture));
  let isWatching = false;
  const resume = () => {
    if (isWatching) return;
    isWatching = true;
    addon.fdWatchSet(watch, FD_EVENT.readable);
  };
  const watch = checked(
    'watch the packets',
    addon.fdWatchOpen(fd, (status) => {
      addon.fdWatchSet(watch, FD_EVENT.none);
      isWatching = false;
      if (status < 0) addon.socketStatus(fd);
      wake();
    }),
  );
  resume();
  let isOpen = true;
  return {
    resume: () => isOpen && resume(),
    /** There may be something to read. */
    hasFired: () => !isWatching,
    close() {
      isOpen = false;
      addon.fdWatchClose(watch);
    },
  };
}
