// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, statfsSync, statSync } from 'node:fs';
import type { NetnsFd } from '../base/brand.ts';
import { WeirError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { getPinned } from './bpf/syscall.ts';
import { checked, NAMESPACE_RIGHT } from './errno.ts';
import { readEthtoolDriver } from './ethtool-ioctl.ts';
import { procReader, sysReader } from './files.ts';
import { native } from './native.ts';
import type { PathResolver } from './netlink-exchange.ts';
import { openNetlinkTransport } from './netlink-transport.ts';
import type { NamespaceIo, Namespaces, NetlinkProtocol, NetlinkTransport, NetnsIdentity } from './ports.ts';
import { connect, ping } from './probe-sockets.ts';
import { setTun } from './tun.ts';

/** Where `ip netns` keeps names. */
const NAMES = '/run/netns';
/** Type of the file system of namespace descriptors (include/uapi/linux/magic.h). */
const NSFS_MAGIC = 0x6e736673;

/** What namespaces are opened with. */
export interface NamespaceOptions {
  /** How an extended ack of a protocol becomes an attribute path. */
  readonly resolvePath?: (protocol: NetlinkProtocol) => PathResolver | undefined;
  /** The transport to use instead of the native one. */
  readonly openTransport?: (netns: NetnsFd, protocol: NetlinkProtocol) => Promise<NetlinkTransport>;
}

/** The network namespaces of this machine. */
export function namespaces(options: NamespaceOptions = {}): Namespaces {
  return {
    own: async () => openNamespace('', '/proc/thread-self/ns/net', options),
    open: async (name) => openNamespace(name, pathOf(name), options),
    discover: async ({ processes }) => discover(processes),
  };
}

/**
 * Create a named network namespace, as `ip netns add` does; its loopback device is down.
 * @throws {KernelError} EEXIST when the name is taken; {WeirError} `KERNEL_PERMISSION` without CAP_SYS_ADMIN.
 */
export function createNamespace(name: string): void {
  const path = namedPath(name);
  mkdirSync(NAMES, { recursive: true, mode: 0o755 });
  checked(`create the network namespace ${name}`, native().netnsCreate(path), NAMESPACE_RIGHT);
}

/**
 * Remove the name of a namespace, as `ip netns del` does. It lives on while a process, socket or descriptor holds it.
 * @throws {KernelError} ENOENT when there is no such name.
 */
export function deleteNamespace(name: string): void {
  checked(`delete the network namespace ${name}`, native().netnsDelete(namedPath(name)), NAMESPACE_RIGHT);
}

function namedPath(name: string): string {
  if (!/^[^/\0]{1,255}$/.test(name) || name === '.' || name === '..')
    throw new WeirError('VALUE', { what: `network namespace "${name}"`, problem: 'is not a file name' });
  return `${NAMES}/${name}`;
}

function pathOf(name: string): string {
  if (name.startsWith('/')) return name;
  const pid = /^pid:(\d+)$/.exec(name)?.[1];
  return pid === undefined ? namedPath(name) : `/proc/${pid}/ns/net`;
}

function openNetns(name: string, path: string): NetnsFd {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const hint = didYouMean(
      name,
      namedInodes().map((found) => found.name),
    );
    throw new WeirError('NOT_FOUND', { what: 'network namespace', name, hint }, { cause });
  }
  if (statfsSync(`/proc/self/fd/${fd}`).type === NSFS_MAGIC) return fd as NetnsFd;
  closeSync(fd);
  throw new WeirError('NOT_FOUND', { what: 'network namespace', name, hint: `: ${path} is no namespace` });
}

function openNamespace(name: string, path: string, options: NamespaceOptions): NamespaceIo {
  const fd = openNetns(name, path);
  const transports = new Map<NetlinkProtocol, Promise<NetlinkTransport>>();
  const proc = procReader(fd);
  const sys = sysReader(fd, name === '' ? '/sys' : undefined);
  const open =
    options.openTransport ??
    (async (netns, protocol) => openNetlinkTransport(netns, protocol, options.resolvePath?.(protocol)));
  let closed = false;
  // the number of a closed descriptor may be another's by now
  const mustBeOpen = (operation: string) => {
    if (closed) throw new WeirError('TRANSPORT_CLOSED', { operation });
  };
  const remember = (protocol: NetlinkProtocol, transport: Promise<NetlinkTransport>) => {
    transports.set(protocol, transport);
    // what is refused now may succeed later: descriptors become free, modules are loaded
    transport.catch(() => transports.delete(protocol));
    return transport;
  };
  return {
    netns: { name, inode: fstatSync(fd).ino },
    fd,
    proc,
    sys,
    async netlink(protocol) {
      mustBeOpen(`netlink of protocol ${protocol}`);
      return transports.get(protocol) ?? remember(protocol, open(fd, protocol));
    },
    ethtool(ifname) {
      mustBeOpen(`ethtool of ${ifname}`);
      return readEthtoolDriver(fd, ifname);
    },
    async tun(device) {
      mustBeOpen(`tun ${device.name}`);
      setTun(fd, device);
    },
    bpf: getPinned,
    async ping(address, timeoutMs) {
      mustBeOpen(`ping ${address}`);
      return ping(fd, address, timeoutMs);
    },
    async connect(address, port, timeoutMs) {
      mustBeOpen(`connect to ${address}`);
      return connect(fd, address, port, timeoutMs);
    },
    async close() {
      if (closed) return;
      closed = true;
      const opened = await Promise.allSettled(transports.values());
      for (const one of opened) if (one.status === 'fulfilled') await one.value.close();
      proc.close();
      sys.close();
      closeSync(fd);
    },
  };
}

/** Every namespace once, the agent's own left out: by name, else by the first process in it. */
function discover(processes: boolean): NetnsIdentity[] {
  const found = new Map<number, NetnsIdentity>();
  const own = inodeOf('/proc/self/ns/net');
  const candidates = processes ? [...namedInodes(), ...processInodes()] : namedInodes();
  for (const one of candidates) if (one.inode !== own && !found.has(one.inode)) found.set(one.inode, one);
  return [...found.values()];
}

function namedInodes(): NetnsIdentity[] {
  return entriesOf(NAMES).flatMap((name) => identity(name, `${NAMES}/${name}`));
}

function processInodes(): NetnsIdentity[] {
  const pids = entriesOf('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids
    .sort((a, b) => Number(a) - Number(b))
    .flatMap((pid) => identity(`pid:${pid}`, `/proc/${pid}/ns/net`));
}

/** Empty for what is gone by now, may not be seen, or is a file that an interrupted `ip netns add` left. */
function identity(name: string, path: string): NetnsIdentity[] {
  const inode = inodeOf(path);
  return inode === undefined ? [] : [{ name, inode }];
}

function inodeOf(path: string): number | undefined {
  try {
    return statfsSync(path).type === NSFS_MAGIC ? statSync(path).ino : undefined;
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
