// SPDX-License-Identifier: Apache-2.0
// The interfaces between Weir and the kernel. Real implementations stand beside this file, the fake ones in fake/;
// one contract suite (test/contract/) runs over both.
import type { NetnsFd } from '../base/brand.ts';
import type { Wire } from '../base/wire.ts';

export type {
  PolicyAttachment,
  PolicyDatapath,
  PolicyPlace,
  PolicyTables,
  PolicyTablesOptions,
} from './bpf/policy/port.ts';
export type {
  BpfMap,
  BpfRingReader,
  FunctionUse,
  HookProgram,
  InstalledLink,
  InstalledProgram,
  MapEntries,
  ProgramHost,
  RingSink,
} from './bpf/port.ts';
export type {
  CaptureCounts,
  CaptureDevice,
  CaptureHandle,
  CaptureOptions,
  CaptureRead,
  CaptureSource,
  CaptureTarget,
  CaptureWritten,
  FilterCompiler,
} from './capture/port.ts';

/** Netlink protocols that Weir speaks, by the kernel's numbers (include/uapi/linux/netlink.h). */
export const NETLINK = { ROUTE: 0, SOCK_DIAG: 4, NETFILTER: 12, GENERIC: 16 } as const;
export type NetlinkProtocol = (typeof NETLINK)[keyof typeof NETLINK];

/** One netlink request without its nlmsghdr. Length, sequence number, port id and NLM_F_REQUEST are the transport's. */
export interface NetlinkRequest {
  /** nlmsg_type, e.g. RTM_GETLINK or a generic netlink family id. */
  readonly type: number;
  /** NLM_F_* beyond REQUEST; ACK and DUMP are set by the method that is called. */
  readonly flags?: number;
  /** Everything behind the nlmsghdr. */
  readonly payload: Uint8Array;
  /** What the request does, in words for an error: `RTM_NEWQDISC dev eth0 parent root kind tbf`. */
  readonly operation?: string;
  /** Milliseconds without a word from the kernel after which it fails with `KERNEL_TIMEOUT`; by default a minute. */
  readonly timeoutMs?: number;
}

/**
 * Receives one message. `wire` is the transport's receive buffer: `[start, end)` is the payload behind the nlmsghdr and
 * is valid only during the call. What is kept must be copied; decoders copy what they return.
 */
export type MessageSink = (wire: Wire, start: number, end: number, type: number, flags: number) => void;

/**
 * Framed messages, one behind the other, each starting with an nlmsghdr at `offsets[i]`, NLMSG_ALIGNed. Length, type
 * and flags are the caller's; sequence number, port id, NLM_F_REQUEST and NLM_F_ACK are written by the transport.
 */
export interface MessageBatch {
  readonly bytes: Uint8Array;
  /** Bytes of `bytes` in use. */
  readonly length: number;
  readonly count: number;
  /** Start of message i. */
  readonly offsets: Uint32Array;
}

/** One message of a batch that the kernel refused. */
export interface BatchFailure {
  readonly index: number;
  readonly error: Error;
}

/** Ends what a subscription started. */
export interface Subscription {
  close(): void;
}

export interface SubscriptionHandlers {
  readonly message: MessageSink;
  /** Called after the last message of one wake-up. */
  readonly batchEnd?: () => void;
  /** The receive buffer overran (ENOBUFS): events were lost, synchronise anew. */
  readonly overrun: () => void;
  /** The socket failed for good. */
  readonly failed?: (error: Error) => void;
}

/** A netlink connection of one protocol in one network namespace. Calls may overlap; the transport keeps them apart. */
export interface NetlinkTransport {
  readonly protocol: NetlinkProtocol;
  /**
   * Send one request with NLM_F_ACK and wait for its acknowledgement.
   * @returns copies of the payloads that came before it (with NLM_F_ECHO or for a get).
   * @throws {KernelError} with errno and extended ack; {WeirError} `KERNEL_TIMEOUT`, after which nobody knows whether it
   * was done. What else was under way on the same socket fails with it; what comes later has a new socket.
   */
  request(request: NetlinkRequest): Promise<readonly NetlinkReply[]>;
  /**
   * Send one NLM_F_DUMP request and stream its messages, yielding to the event loop between receive batches.
   * A dump that the kernel marks NLM_F_DUMP_INTR is repeated: `restart` (if given) is called before each repetition so
   * that the caller drops what it gathered. What `message` throws ends the dump and is what the promise rejects with.
   * @throws {KernelError} from NLMSG_DONE or NLMSG_ERROR; {WeirError} `DUMP_INTERRUPTED` after `attempts` (default 8).
   */
  dump(request: NetlinkRequest, message: MessageSink, options?: DumpOptions): Promise<void>;
  /**
   * Send many messages, up to about 200 per system call, in order.
   * `ack: 'last'` asks only the last message of each send for an acknowledgement (errors are always reported by the
   * kernel); `'each'` asks for every one. The batch must not change before the promise settles: encode the next one
   * into a second encoder meanwhile.
   * @returns what the kernel refused, by index; empty when all was done.
   */
  submit(batch: MessageBatch, options?: SubmitOptions): Promise<readonly BatchFailure[]>;
  /** Join multicast groups on a socket of their own. `receiveBuffer` bytes is for tests that want an overrun. */
  subscribe(
    groups: readonly number[],
    handlers: SubscriptionHandlers,
    options?: { readonly receiveBuffer?: number },
  ): Promise<Subscription>;
  close(): Promise<void>;
}

export interface SubmitOptions {
  readonly ack?: 'each' | 'last';
  /** As of a request, of each send. */
  readonly timeoutMs?: number;
}

export interface NetlinkReply {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface DumpOptions {
  readonly restart?: () => void;
  readonly attempts?: number;
  /** Ends the dump early; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Back-pressure: called after each portion of messages, of at most 32 KiB where one message is not larger. Until its
   * promise settles nothing more is received and the kernel holds the dump where it is. Such a dump has a socket of
   * its own, so that nobody waits for a slow reader, and `signal` ends it in the kernel too.
   */
  readonly pace?: () => Promise<void>;
}

/** Reads files of procfs or sysfs as one network namespace sees them. Paths are relative, without `..`. */
export interface FileReader {
  /** Whole content. @throws {WeirError} `NO_DATA` when the file is absent. */
  read(path: string): Promise<Uint8Array>;
  /** Names in a directory. @throws {WeirError} `NO_DATA` when it is absent. */
  list(path: string): Promise<readonly string[]>;
}

/** Also writes them. */
export interface FileWriter extends FileReader {
  /**
   * Write `text` to a file that exists, with one system call on a thread of the pool: the kernel may wait for locks.
   * @throws {KernelError} what the kernel says of the value; {WeirError} `NO_DATA` when the file is absent.
   */
  write(path: string, text: string): Promise<void>;
}

/** A persistent TUN or TAP device, as its driver is told of it. */
export interface TunDevice {
  readonly op: 'create' | 'remove';
  readonly name: string;
  readonly mode: 'tun' | 'tap';
  readonly multiQueue: boolean;
  readonly pi: boolean;
  readonly vnetHdr: boolean;
  readonly user?: number;
  readonly group?: number;
}

/** Which network namespace: the agent's own has the name ''. */
export interface NetnsIdentity {
  readonly name: string;
  /** Inode of the namespace, unique while it lives. */
  readonly inode: number;
}

/** All I/O of one network namespace. The JavaScript thread never enters it: everything goes through descriptors. */
export interface NamespaceIo {
  readonly netns: NetnsIdentity;
  readonly fd: NetnsFd;
  /** A transport for `protocol`, opened on first use and shared. */
  netlink(protocol: NetlinkProtocol): Promise<NetlinkTransport>;
  /** /proc as seen there: `net/snmp`, `sys/net/ipv4/ip_forward`. */
  readonly proc: FileWriter;
  /** /sys as seen there: `class/net/eth0/address`. */
  readonly sys: FileWriter;
  /**
   * What only the ethtool ioctl tells of a device: its driver and the driver's statistics.
   * @throws {KernelError} EOPNOTSUPP where the driver has none, ENODEV where there is no such device.
   */
  ethtool(ifname: string): EthtoolDriver;
  /**
   * Create or remove a TUN or TAP device, on the thread that calls: it stands still while the kernel waits for its locks,
   * so this is for the thread that makes changes. @throws {KernelError}
   */
  tun(device: TunDevice): Promise<void>;
  /** A descriptor of what is pinned at a path in a bpffs, which the caller closes. @throws {KernelError} */
  bpf(path: string): number;
  /** Wait for the answer to an ICMP echo request. @throws {WeirError} `PROBE` when none comes in time. */
  ping(address: string, timeoutMs: number): Promise<void>;
  /** Open a TCP connection and close it. @throws {WeirError} `PROBE` when that fails or takes longer. */
  connect(address: string, port: number, timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Answer of the ethtool ioctl. */
export interface EthtoolDriver {
  readonly driver: string;
  readonly version: string;
  readonly firmwareVersion: string;
  readonly busInfo: string;
  readonly expansionRomVersion: string;
  /** `ethtool -S`, in the driver's order. */
  readonly statistics: readonly (readonly [name: string, value: bigint])[];
}

/** Opens namespaces. */
export interface Namespaces {
  /** The namespace the agent runs in. */
  own(): Promise<NamespaceIo>;
  /** By name under /run/netns, by `/path`, or by `pid:N`. @throws {WeirError} `NOT_FOUND`. */
  open(name: string): Promise<NamespaceIo>;
  /**
   * Namespaces that exist now, each once and without the agent's own: those named in /run/netns, and (if asked) those
   * that only processes hold, as `pid:N` of their first process.
   */
  discover(options: { readonly processes: boolean }): Promise<readonly NetnsIdentity[]>;
}

/** Names of the kernel's functions. */
export interface KernelSymbols {
  /**
   * Find the functions that these addresses are in. @returns all names that are known, by address: '' for one that is in
   * no function, and for all where the kernel does not tell (kptr_restrict, no CAP_SYSLOG).
   */
  names(addresses: Iterable<bigint>): Promise<ReadonlyMap<bigint, string>>;
}
