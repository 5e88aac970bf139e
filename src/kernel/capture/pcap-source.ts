// SPDX-License-Identifier: Apache-2.0
// Packets by the npm package pcap. It opens its sockets in the namespace of the process, has times in microseconds, and
// calls back for every packet.
import { ftruncate, write } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { messageOf, WeirError } from '../../base/errors.ts';
import { LINK_TYPE, PcapngWriter } from '../../codec/pcapng.ts';
import type { NamespaceIo } from '../ports.ts';
import { largestBlock, linkTypeOf } from './link-type.ts';
import type {
  CaptureDevice,
  CaptureHandle,
  CaptureOptions,
  CaptureSource,
  CaptureTarget,
  CaptureWritten,
} from './port.ts';

/** What is used of the package. */
interface PcapModule {
  createSession(device: string, options: Readonly<Record<string, unknown>>): PcapSession;
  warningHandler: (text: string) => void;
}

interface PcapSession {
  on(event: 'packet', callback: (packet: PcapPacket) => void): void;
  stats(): { readonly ps_recv: number; readonly ps_drop: number };
  close(): void;
  /** The package's own half, with what its other half calls when there are packets. */
  readonly session: { dispatch(buf: Buffer, header: Buffer): number; read_callback: () => void };
  buf: Buffer;
  readonly header: Buffer;
}

/** `buf` is used again for the next one. */
interface PcapPacket {
  readonly buf: Buffer;
  /** Seconds, microseconds, bytes kept, bytes on the wire, of 32 bits each. */
  readonly header: Buffer;
}

interface Waiting {
  readonly time: bigint;
  readonly length: number;
  readonly data: Uint8Array;
}

const WRITE_BYTES = 1 << 18;
const TIMEOUT_MS = 50;
/** Bytes of packets that wait to be read; what comes beyond is dropped, and counted. */
const MOST_WAITING = 16 << 20;
const NS_PER_S = 1_000_000_000n;
/** Until packets are stamped where they arrive, after that was asked for: the kernel switches by a worker of its own. */
const SWITCH_MS = 100;

/**
 * The package never closes its handle of libuv: memory that libuv still knows must not be collected. So what is left of a
 * session, some hundred bytes, stays for good.
 */
const ended: unknown[] = [];

let loaded: PcapModule | string | undefined;

/** The package, or why there is none. */
function pcap(): PcapModule | string {
  loaded ??= load();
  return loaded;
}

function load(): PcapModule | string {
  try {
    const found = createRequire(import.meta.url)('pcap') as PcapModule;
    // of devices without an address, which are captured all the same
    found.warningHandler = () => {};
    return found;
  } catch (error) {
    return messageOf(error).split('\n', 1)[0] ?? '';
  }
}

export const pcapSource: CaptureSource = {
  name: 'pcap',
  nanoseconds: false,
  delayMs: TIMEOUT_MS,
  refuses(io, device, { direction }) {
    if (io.netns.name !== '') return 'it captures in the namespace of the agent only';
    if (linkTypeOf(device.type) !== LINK_TYPE.ethernet) return 'it captures from Ethernet devices only';
    // libpcap filters the first packets by itself, and then knows no directions
    if (direction !== 'both') return 'it cannot tell directions apart';
    const found = pcap();
    return typeof found === 'string' ? `the package pcap cannot be loaded: ${found}` : undefined;
  },
  open(io, device, options, wake) {
    const found = pcap();
    if (typeof found === 'string') throw new WeirError('NO_DATA', { what: `capturing by pcap (${found})` });
    return new PcapHandle(found, io, device, options, wake);
  },
};

class PcapHandle implements CaptureHandle {
  readonly #session: PcapSession;
  readonly #options: CaptureOptions;
  readonly #writer = new PcapngWriter();
  #waiting: Waiting[] = [];
  #taken = 0;
  #waitingBytes = 0;
  /** Packets that found no room here. */
  #lost = 0;
  /** Packets from this time on are another's. */
  #until: bigint | undefined;
  #closed = false;
  #ails = false;

  constructor(
    module: PcapModule,
    _io: NamespaceIo,
    device: CaptureDevice,
    options: CaptureOptions,
    wake: () => void,
  ) {
    this.#options = options;
    this.#writer.take();
    this.#session = opened(module, device, options);
    this.#session.session.read_callback = () => this.#ask();
    this.#session.on('packet', ({ buf, header }) => {
      if (options.sampling > 1 && Math.random() * options.sampling >= 1) return;
      this.#keep(buf, header);
      if (this.#waiting.length - this.#taken === 1) wake();
    });
  }

  #keep(buf: Buffer, header: Buffer): void {
    const kept = Math.min(header.readUInt32LE(8), this.#options.snapLength);
    const time = BigInt(header.readUInt32LE(0)) * NS_PER_S + BigInt(header.readUInt32LE(4)) * 1000n;
    if (this.#until !== undefined && time >= this.#until) return;
    if (this.#waitingBytes + kept > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waitingBytes += kept;
    const data = Uint8Array.prototype.slice.call(buf, 0, kept);
    this.#waiting.push({ time, length: header.readUInt32LE(12), data });
  }

  read(into: Uint8Array, most: number, room: number) {
    if (this.#taken === this.#waiting.length) this.#ask();
    let [bytes, packets, octets] = [0, 0, 0];
    for (; packets < most; packets++) {
      const next = this.#waiting[this.#taken];
      if (next === undefined) break;
      this.#writer.addPacket({ interface: this.#options.interface, ...next });
      const block = this.#writer.take();
      if (bytes + block.length > room) break;
      into.set(block, bytes);
      bytes += block.length;
      octets += next.length;
      this.#waitingBytes -= next.data.length;
      this.#taken++;
    }
    if (this.#taken === this.#waiting.length) {
      this.#waiting = [];
      this.#taken = 0;
    }
    return { bytes, packets, octets };
  }

  async write({ fd, at, room }: CaptureTarget, most: number): Promise<CaptureWritten> {
    const into = new Uint8Array(WRITE_BYTES + largestBlock(this.#options.snapLength));
    const sum = { bytes: 0, packets: 0, octets: 0, lost: 0 };
    for (;;) {
      const got = this.read(into, most - sum.packets, Math.min(room - sum.bytes, into.length));
      if (got.packets === 0) return { ...sum, more: this.#waiting.length > 0 };
      const problem = await append(fd, into.subarray(0, got.bytes), at + sum.bytes);
      if (problem !== undefined) return { ...sum, lost: got.packets, more: false, problem };
      sum.bytes += got.bytes;
      sum.packets += got.packets;
      sum.octets += got.octets;
    }
  }

  /**
   * In place of the package's own, which overlooks errors. After one (the device went down) libuv calls no more, so it is also
   * called before each read.
   */
  #ask(): void {
    const { session, buf, header } = this.#session;
    if (!this.#closed && session.dispatch(buf, header) < 0) this.#ails = true;
  }

  ails(): boolean {
    return this.#ails;
  }

  counts() {
    if (this.#closed) return { accepted: 0, dropped: this.#lost };
    const { ps_recv, ps_drop } = this.#session.stats();
    return { accepted: ps_recv, dropped: ps_drop + this.#lost };
  }

  /** A whole number of microseconds, because that is what the package tells times in. */
  async handOver(successor: CaptureHandle): Promise<void> {
    const now = BigInt(Date.now()) * 1_000_000n;
    const moment = now + BigInt(SWITCH_MS) * 1_000_000n;
    successor.startAt?.(moment);
    this.#until = moment;
    await new Promise((resolve) => setTimeout(resolve, SWITCH_MS + 2 * TIMEOUT_MS));
  }

  problem(): string | undefined {
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { session, header } = this.#session;
    // it only asks to stop, and would stop with the next packet: asked for packets it stops now
    this.#session.close();
    session.dispatch(this.#session.buf, header);
    this.#session.buf = Buffer.alloc(0);
    ended.push(session);
  }
}

const [writeTo, truncate] = [promisify(write), promisify(ftruncate)];

/** @returns why not all could be written; then the file ends at `at`. */
async function append(fd: number, bytes: Uint8Array, at: number): Promise<string | undefined> {
  try {
    for (let done = 0; done < bytes.length; )
      done += (await writeTo(fd, bytes, done, bytes.length - done, at + done)).bytesWritten;
    return undefined;
  } catch (error) {
    await truncate(fd, at).catch(() => {});
    return messageOf(error);
  }
}

function opened(module: PcapModule, device: CaptureDevice, options: CaptureOptions): PcapSession {
  const { filter, snapLength, promiscuous, bufferBytes } = options;
  try {
    return module.createSession(device.name, {
      filter,
      snap_length: snapLength,
      buffer_size: bufferBytes,
      buffer_timeout: TIMEOUT_MS,
      promiscuous,
    });
  } catch (cause) {
    const problem = messageOf(cause);
    if (/permission|not permitted/i.test(problem))
      throw new WeirError('KERNEL_PERMISSION', {
        operation: `capture on ${device.name}`,
        errnoName: 'EPERM',
        right: 'CAP_NET_RAW',
      });
    throw new WeirError('VALUE', { what: `device "${device.name}"`, problem }, { cause });
  }
}
