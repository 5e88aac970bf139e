// SPDX-License-Identifier: Apache-2.0
// A namespace whose dumps and events are what a test says.
import type { NetnsFd } from '../../src/base/brand.ts';
import { WeirError } from '../../src/base/errors.ts';
import { wireOf } from '../../src/base/wire.ts';
import { payloadOf } from '../../src/codec/encoder.ts';
import {
  encodeAddrAttrs,
  encodeIfaddrmsg,
  RTM_GETADDR,
  RTM_NEWADDR,
} from '../../src/codec/generated/rt-addr.ts';
import {
  encodeIfinfomsg,
  encodeLinkAttrs,
  type LinkAttrs,
  RTM_GETLINK,
  RTM_NEWLINK,
} from '../../src/codec/generated/rt-link.ts';
import type {
  DumpOptions,
  NamespaceIo,
  NetlinkTransport,
  SubscriptionHandlers,
} from '../../src/kernel/ports.ts';

/** One message: type and payload. */
export interface Message {
  readonly type: number;
  readonly payload: Uint8Array;
}

export const UP = 1;

/** A link's message, RTM_NEWLINK unless `type` says otherwise. */
export function linkMessage(
  ifindex: number,
  ifname: string,
  attrs: LinkAttrs = {},
  header: { readonly type?: number; readonly family?: number; readonly flags?: number } = {},
): Message {
  const payload = payloadOf((out) => {
    encodeIfinfomsg(out, { ifiFamily: header.family ?? 0, ifiIndex: ifindex, ifiFlags: header.flags ?? UP });
    encodeLinkAttrs(out, { ifname, mtu: 1500, ...attrs });
  });
  return { type: header.type ?? RTM_NEWLINK, payload };
}

/** An IPv4 address' message. */
export function addressMessage(ifindex: number, last: number, type: number = RTM_NEWADDR): Message {
  const local = Uint8Array.of(192, 0, 2, last);
  const payload = payloadOf((out) => {
    encodeIfaddrmsg(out, { ifaFamily: 2, ifaPrefixlen: 24, ifaIndex: ifindex });
    encodeAddrAttrs(out, { ifaLocal: local, ifaAddress: local });
  });
  return { type, payload };
}

/** What a dump does: give messages, and let things happen meanwhile. */
export interface Script {
  links: readonly Message[];
  addresses: readonly Message[];
  /** Runs while the link dump is on its way, after its messages were delivered. */
  during?: () => void | Promise<void>;
  /** Dumps fail with this. */
  failure?: WeirError | undefined;
  /** Before the dump's messages the kernel interrupts it once, having delivered these. */
  interrupted?: readonly Message[] | undefined;
}

/** A NamespaceIo that follows a script. */
export class ScriptedIo {
  readonly script: Script = { links: [], addresses: [] };
  /** Handlers of every subscription, oldest first; undefined once closed. */
  readonly subscriptions: (SubscriptionHandlers | undefined)[] = [];
  readonly sysReads: string[] = [];
  readonly sysFiles = new Map<string, string>();
  dumps = 0;
  closed = false;

  /** Deliver events on subscription `index`, the newest by default, closed or not. */
  emit(messages: readonly Message[], handlers = this.subscriptions.at(-1)): void {
    for (const { type, payload } of messages) handlers?.message(wireOf(payload), 0, payload.length, type, 0);
  }

  /** The kernel dropped events. */
  overrun(): void {
    this.subscriptions.at(-1)?.overrun();
  }

  io(name = 'lab', inode = 1): NamespaceIo {
    const transport = this.#transport();
    return {
      netns: { name, inode },
      fd: 3 as NetnsFd,
      netlink: async () => transport,
      proc: { read: absent, list: absent, write: absent },
      sys: {
        read: async (path) => {
          this.sysReads.push(path);
          const text = this.sysFiles.get(path);
          return text === undefined ? absent(path) : new TextEncoder().encode(`${text}\n`);
        },
        list: absent,
        write: absent,
      },
      ethtool: () => {
        throw new Error('not in the script');
      },
      tun: ({ name }) => absent(name),
      bpf: () => {
        throw new Error('not in the script');
      },
      ping: absent,
      connect: absent,
      close: async () => {
        this.closed = true;
      },
    };
  }

  #transport(): NetlinkTransport {
    const unused = () => Promise.reject(new WeirError('NO_DATA', { what: 'what the script does not have' }));
    return {
      protocol: 0,
      request: unused,
      submit: unused,
      close: async () => {},
      subscribe: async (_groups, handlers) => {
        const index = this.subscriptions.push(handlers) - 1;
        return { close: () => (this.subscriptions[index] = undefined) };
      },
      dump: (request, sink, options) => this.#dump(request.type, sink, options),
    };
  }

  async #dump(type: number, sink: SubscriptionHandlers['message'], options?: DumpOptions): Promise<void> {
    await Promise.resolve();
    const { script } = this;
    if (script.failure !== undefined) throw script.failure;
    const deliver = (messages: readonly Message[]) => {
      for (const message of messages)
        sink(wireOf(message.payload), 0, message.payload.length, message.type, 0);
    };
    if (type === RTM_GETLINK) {
      this.dumps++;
      if (script.interrupted !== undefined) {
        deliver(script.interrupted);
        script.interrupted = undefined;
        options?.restart?.();
      }
      deliver(script.links);
      await script.during?.();
    } else if (type === RTM_GETADDR) deliver(script.addresses);
  }
}

async function absent(path: string): Promise<never> {
  throw new WeirError('NO_DATA', { what: path });
}
