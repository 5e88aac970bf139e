// SPDX-License-Identifier: Apache-2.0
// The interface between Weir and whatever gives it the packets of a device.
import type { PacketDirection } from '../../codec/bpf/classic.ts';
import type { NamespaceIo } from '../ports.ts';

/** A device of a namespace. */
export interface CaptureDevice {
  readonly name: string;
  readonly ifindex: number;
  /** ARPHRD_*. */
  readonly type: number;
}

export interface CaptureOptions {
  /** The filter in the syntax of pcap-filter(7), '' for none. */
  readonly filter: string;
  /** The same compiled for the device's link type and snap length ({@link FilterCompiler}). */
  readonly program: Uint8Array;
  /** Most bytes of a packet that are kept. */
  readonly snapLength: number;
  readonly direction: PacketDirection;
  /** One packet of so many, by chance. */
  readonly sampling: number;
  readonly promiscuous: boolean;
  /** Bytes of the kernel's buffer. */
  readonly bufferBytes: number;
  /** Number of the device's interface in the capture file. */
  readonly interface: number;
}

/** What one read gave. */
export interface CaptureRead {
  /** Bytes written. */
  readonly bytes: number;
  readonly packets: number;
  /** Bytes that the packets had on the wire. */
  readonly octets: number;
}

/** Where in a file packets go. */
export interface CaptureTarget {
  readonly fd: number;
  readonly at: number;
  /** Bytes at most. */
  readonly room: number;
  /** Milliseconds that it is waited for more of them, once there were some. */
  readonly waitMs: number;
}

/** What one write gave. */
export interface CaptureWritten extends CaptureRead {
  /** Packets that were taken, and could not be written. */
  readonly lost: number;
  /** There is a packet that found no room, or was one too many. */
  readonly more: boolean;
  /** Why not all could be written, in words; the file then ends with the last packet that counts. */
  readonly problem?: string;
}

/** Since the capture began: packets that passed the filter, and those of them for which there was no room. */
export interface CaptureCounts {
  readonly accepted: number;
  readonly dropped: number;
}

/** A device that is being captured. */
export interface CaptureHandle {
  /**
   * Move packets into `into`, each as an enhanced packet block of pcapng (little-endian, nanoseconds) and whole.
   * @param most Packets at most.
   * @param room Bytes at most; at least what one packet can need ({@link largestBlock}).
   */
  read(into: Uint8Array, most: number, room: number): CaptureRead;
  /**
   * Move packets to a file, as blocks like those of {@link read}. One write at a time and no read meanwhile; the file must
   * stay open until it has settled.
   * @param most Packets at most.
   */
  write(target: CaptureTarget, most: number): Promise<CaptureWritten>;
  counts(): CaptureCounts;
  /**
   * Hand the device over to `successor`, which is open already: from one moment on packets are the successor's, those
   * before stay here. @returns when that moment has passed and this handle has nothing more.
   */
  readonly handOver?: (successor: CaptureHandle) => Promise<void>;
  /** It has had an error from which it may not recover: another source should take over. */
  readonly ails?: () => boolean;
  /** From this time on (nanoseconds since the epoch), stamped where packets arrive; what is earlier is left out. */
  readonly startAt?: (time: bigint) => void;
  /** Why nothing more will come, as the source knows. */
  problem(): string | undefined;
  close(): void;
}

/** Where packets come from. */
export interface CaptureSource {
  readonly name: 'pcap' | 'ring';
  /** Its times are in nanoseconds; else in microseconds. */
  readonly nanoseconds: boolean;
  /** Milliseconds that a packet may wait in the kernel for others; twice as long where they come seldom. */
  readonly delayMs: number;
  /** Why it cannot capture this, in words; undefined when it can. */
  refuses(
    io: NamespaceIo,
    device: CaptureDevice,
    options: Pick<CaptureOptions, 'direction'>,
  ): string | undefined;
  /**
   * Begin. `wake` is called when there may be something to read.
   * @throws {KernelError} ENODEV and others; {WeirError} `KERNEL_PERMISSION` without CAP_NET_RAW.
   */
  open(io: NamespaceIo, device: CaptureDevice, options: CaptureOptions, wake: () => void): CaptureHandle;
}

/** Compiles filters. */
export interface FilterCompiler {
  /**
   * @returns instructions of classic BPF (struct sock_filter one behind the other) that also say how much is kept.
   * @throws {WeirError} `CAPTURE_FILTER` with the place of the mistake, `NO_DATA` where libpcap is missing.
   */
  compile(linkType: number, snapLength: number, filter: string): Promise<Uint8Array>;
}
