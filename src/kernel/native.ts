// SPDX-License-Identifier: Apache-2.0
// The only importer of the native addon (native/src/addon.c).
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { messageOf, WeirError } from '../base/errors.ts';

/** A watched descriptor, made by {@link NativeAddon.fdWatchOpen}. */
export type FdWatch = object & { readonly __fdWatch: never };

/** A BPF ring buffer in memory, made by {@link NativeAddon.ringOpen}. */
export type BpfRing = object & { readonly __bpfRing: never };

/** Packets of a device, made by {@link NativeAddon.captureOpen}. */
export type NativeCapture = object & { readonly __capture: never };

/** What a watched descriptor is ready for. */
export const FD_EVENT = { none: 0, readable: 1, writable: 2 } as const;

/**
 * The addon's functions. Each returns a value of 0 or more, or a negative errno; a wrong argument throws a TypeError.
 * Descriptors that they return are close-on-exec and the caller's to close.
 */
export interface NativeAddon {
  /** A bound non-blocking netlink socket in the namespace `netns`, with extended acks. Buffer sizes in bytes. */
  netlinkOpen(netns: number, protocol: number, receiveBuffer: number, sendBuffer: number): number;
  netlinkPort(fd: number): number;
  netlinkJoin(fd: number, group: number): number;
  /** Send `bytes[start, end)`, framed messages, as one datagram. @returns bytes sent. */
  netlinkSend(fd: number, bytes: Uint8Array, start: number, end: number): number;
  /**
   * The same on a thread of libuv's pool, since the kernel handles the messages before it returns: for messages that
   * may take long. `bytes` must not change and `fd` must stay open until the promise settles.
   */
  netlinkSendLater(fd: number, bytes: Uint8Array, start: number, end: number): Promise<number>;
  /**
   * Receive up to `lengths.length` datagrams, number i at `i * slot` of `buffer`. `lengths[i]` is its length, 0 if it
   * was not sent by the kernel, or minus its true length if the slot was too short.
   * @returns how many came.
   */
  netlinkReceive(fd: number, buffer: Uint8Array, slot: number, lengths: Int32Array): number;
  /** The same on a thread of libuv's pool, since the kernel makes the next part of a dump before it returns. */
  netlinkReceiveLater(fd: number, buffer: Uint8Array, slot: number, lengths: Int32Array): Promise<number>;
  /** Open a file for reading as the namespace sees it. */
  netnsOpen(netns: number, path: string): number;
  /** Names in a directory as the namespace sees it, each followed by a NUL. */
  netnsList(netns: number, path: string): Buffer | number;
  /** A directory descriptor of a sysfs that shows the namespace's devices and is mounted nowhere. */
  netnsSysfs(netns: number, writable: boolean): number;
  /** Create a namespace and bind it to `path`. */
  netnsCreate(path: string): number;
  /** Remove the binding and the file. */
  netnsDelete(path: string): number;
  /** Move this thread into the namespace for good: only for a process that is about to exec. */
  netnsEnter(netns: number): number;
  /** Watch a descriptor with libuv; stopped at first. Close the watch before the descriptor. */
  fdWatchOpen(fd: number, callback: (status: number, events: number) => void): FdWatch | number;
  fdWatchSet(watch: FdWatch, events: number): number;
  fdWatchClose(watch: FdWatch): void;
  /**
   * Driver information and statistics of a device: five texts of 32 bytes (driver, version, firmware, bus, expansion
   * ROM), then of N statistics the names in 32 bytes each, then the values in 8 bytes each.
   */
  ethtoolRead(netns: number, ifname: string): Buffer | number;
  /**
   * Make a TUN or TAP device (IFF_* of TUNSETIFF in `flags`) that outlives the call or, without `persist`, remove it.
   * `owner` and `group` are ids, -1 for nobody in particular.
   */
  tunSet(
    netns: number,
    ifname: string,
    flags: number,
    persist: boolean,
    owner: number,
    group: number,
  ): number;
  /**
   * A non-blocking TCP socket that is being connected to `address` (4 or 16 bytes) or, with `echo`, a raw one of ICMP.
   * When it is writable, {@link socketStatus} says what became of it.
   */
  socketConnect(netns: number, address: Uint8Array, port: number, echo: boolean): number;
  socketStatus(fd: number): number;
  /** Let an eBPF program judge what the socket receives; it stays attached when `program` is closed. */
  socketFilter(fd: number, program: number): number;
  /** What `bpf_get_socket_cookie` returns for it. Numbers count up from 1 since the machine started. */
  socketCookie(fd: number): number;
  /** @returns bytes sent, or received. */
  socketSend(fd: number, bytes: Uint8Array): number;
  socketReceive(fd: number, bytes: Uint8Array): number;
  /**
   * bpf(2) in the namespace `netns`, or with -1 where the thread is. The address of `buffers[i]` is written to `attr` at
   * `offsets[i]` first; the kernel may write into all of them.
   */
  bpf(
    netns: number,
    command: number,
    attr: Uint8Array,
    offsets: Int32Array,
    buffers: readonly Uint8Array[],
  ): number;
  /** A perf event of all tasks on one CPU, `frequency` times a second. */
  perfOpen(type: number, config: number, frequency: number, cpu: number): number;
  /** Another descriptor of the same file. */
  fdDup(fd: number): number;
  /** Where bytes are in memory: valid while they are alive, for structs that are passed on as bytes. */
  bytesAddress(bytes: Uint8Array): number;
  /** Leave a shared library that is loaded in memory until the process ends, whoever unloads it. */
  libraryKeep(path: string): number;
  /** The address of a libbpf_print_fn_t, which keeps libbpf's warnings for {@link bpfLogTake}. */
  bpfLogFunction(): number;
  bpfLogTake(): string | number;
  /** Map a BPF ring buffer of `size` bytes into memory. */
  ringOpen(map: number, size: number): BpfRing | number;
  /**
   * Move complete records into `bytes`: each is its length in 32 bits, 4 bytes of nothing, its data, padding to 8 bytes.
   * @returns bytes written.
   */
  ringDrain(ring: BpfRing, bytes: Uint8Array): number;
  ringClose(ring: BpfRing): void;
  /**
   * Capture packets of a device by a ring of its own. `numbers`: without the link layer's header, promiscuous, bytes of a
   * block (a power of two of pages), blocks, milliseconds until a block is handed over that is not full. `filter` is
   * classic BPF, struct sock_filter one behind the other.
   */
  captureOpen(
    netns: number,
    ifindex: number,
    numbers: Int32Array,
    filter: Uint8Array,
  ): NativeCapture | number;
  /** Readable when there are packets; it remains the capture's. */
  captureFd(capture: NativeCapture): number;
  /** The ifindex, or -ENODEV once the device is gone. */
  captureDevice(capture: NativeCapture): number;
  /** Let the kernel stamp packets where they arrive, for all sockets alike. */
  captureStamp(capture: NativeCapture, early: boolean): number;
  /** `counts` gets what came since the last call: packets that passed the filter, and those of them that were dropped. */
  captureStatistics(capture: NativeCapture, counts: Uint32Array): number;
  /**
   * Move packets into `bytes`, each as an enhanced packet block of pcapng. `numbers`, in: interface, snap length, 1 for
   * Ethernet, most packets, earliest time; out, behind them: packets, bytes on the wire, times of the first and the last.
   * @returns bytes written.
   */
  captureRead(capture: NativeCapture, bytes: Uint8Array, numbers: BigUint64Array): number;
  /**
   * Move packets to a file, on a thread of its own. `numbers` as for a read, and, in: offset in the file, most bytes,
   * milliseconds to wait for more packets; out, behind them: bytes written, packets that could not be written, 1 for a
   * packet there that was not asked for. `fd` must stay open until the promise settles; a close of the capture is done then.
   */
  captureWriteLater(capture: NativeCapture, fd: number, numbers: BigUint64Array): Promise<number> | number;
  captureClose(capture: NativeCapture): void;
  /**
   * Compile a filter of pcap-filter(7) for a LINKTYPE_*, on a thread of the pool. @returns classic BPF, or libpcap's words
   * for what is wrong, or -ELIBACC where there is no libpcap.
   */
  filterCompileLater(linkType: number, snapLength: number, text: string): Promise<Buffer | string | number>;
  /** SO_PEERCRED of a connected Unix socket: pid, uid, gid. */
  unixPeer(fd: number): readonly [pid: number, uid: number, gid: number] | number;
  /** Send one datagram to a Unix socket; a leading `@` names the abstract namespace. @returns bytes sent. */
  unixSend(path: string, bytes: Uint8Array): number;
}

let loaded: NativeAddon | undefined;

/**
 * The native addon, loaded on first use.
 * @throws {WeirError} `NATIVE_ADDON` when it was not built for this machine.
 */
export function native(): NativeAddon {
  loaded ??= load(fileURLToPath(new URL('../../native/build/Release/weir.node', import.meta.url)));
  return loaded;
}

function load(path: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const [problem] = messageOf(cause).split('\n');
    throw new WeirError('NATIVE_ADDON', { path, problem }, { cause });
  }
}
