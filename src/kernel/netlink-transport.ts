// SPDX-License-Identifier: Apache-2.0
import type { NetnsFd } from '../base/brand.ts';
import { WeirError } from '../base/errors.ts';
import { NetlinkChannel } from './netlink-channel.ts';
import type { PathResolver } from './netlink-exchange.ts';
import { openSubscription } from './netlink-subscription.ts';
import type {
  BatchFailure,
  DumpOptions,
  MessageBatch,
  MessageSink,
  NetlinkProtocol,
  NetlinkReply,
  NetlinkRequest,
  NetlinkTransport,
  SubmitOptions,
  Subscription,
  SubscriptionHandlers,
} from './ports.ts';

/** Sockets that may dump at the same time; the kernel runs one dump per socket. */
const CHANNELS = 3;
const DUMP_ATTEMPTS = 8;

/**
 * Open a netlink transport over the native addon, in the namespace that `netns` refers to.
 * @throws {KernelError} e.g. EPROTONOSUPPORT for a protocol that the kernel does not have.
 */
export function openNetlinkTransport(
  netns: NetnsFd,
  protocol: NetlinkProtocol,
  resolvePath?: PathResolver,
): NetlinkTransport {
  return new NativeTransport(netns, protocol, resolvePath);
}

class NativeTransport implements NetlinkTransport {
  readonly protocol: NetlinkProtocol;
  readonly #netns: NetnsFd;
  readonly #resolvePath: PathResolver | undefined;
  /** The first serves everything, the others dumps that would have to wait. */
  #channels: [NetlinkChannel, ...NetlinkChannel[]];
  /** Each runs one dump that waits for its reader. */
  readonly #paced = new Set<NetlinkChannel>();
  readonly #subscriptions = new Set<Subscription>();
  #closed = false;

  constructor(netns: NetnsFd, protocol: NetlinkProtocol, resolvePath?: PathResolver) {
    this.protocol = protocol;
    this.#netns = netns;
    this.#resolvePath = resolvePath;
    this.#channels = [this.#openChannel()];
  }

  async request(request: NetlinkRequest): Promise<readonly NetlinkReply[]> {
    this.#mustBeOpen(request.operation ?? 'a request');
    return this.#first().request(request);
  }

  async dump(request: NetlinkRequest, message: MessageSink, options: DumpOptions = {}): Promise<void> {
    const { attempts = DUMP_ATTEMPTS, restart } = options;
    const operation = request.operation ?? 'a dump';
    for (let attempt = 0; attempt < attempts; attempt++) {
      this.#mustBeOpen(operation);
      if (attempt > 0) restart?.();
      if (await this.#dumpOnce(request, message, options)) return;
    }
    throw new WeirError('DUMP_INTERRUPTED', { operation, attempts });
  }

  async submit(batch: MessageBatch, options: SubmitOptions = {}): Promise<readonly BatchFailure[]> {
    this.#mustBeOpen('a batch');
    return this.#first().submit(batch, options.ack !== 'each', options.timeoutMs);
  }

  async subscribe(
    groups: readonly number[],
    handlers: SubscriptionHandlers,
    options: { readonly receiveBuffer?: number } = {},
  ): Promise<Subscription> {
    this.#mustBeOpen('a subscription');
    const socket = openSubscription(this.#netns, this.protocol, groups, handlers, options.receiveBuffer);
    const subscription = {
      close: () => {
        this.#subscriptions.delete(subscription);
        socket.close();
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const channel of [...this.#channels, ...this.#paced]) channel.close();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  async #dumpOnce(request: NetlinkRequest, message: MessageSink, options: DumpOptions): Promise<boolean> {
    const { pace, signal } = options;
    if (pace === undefined) return this.#leastBusy().dump(request, message, signal);
    const channel = new NetlinkChannel(this.#netns, this.protocol, this.#resolvePath, pace);
    this.#paced.add(channel);
    try {
      return await channel.dump(request, message, signal);
    } finally {
      // the kernel forgets a dump whose socket is closed
      this.#paced.delete(channel);
      channel.close();
    }
  }

  /** The channel for everything but dumps; one whose socket failed is replaced. */
  #first(): NetlinkChannel {
    if (this.#channels[0].dead) this.#channels[0] = this.#openChannel();
    return this.#channels[0];
  }

  #openChannel(): NetlinkChannel {
    return new NetlinkChannel(this.#netns, this.protocol, this.#resolvePath);
  }

  #leastBusy(): NetlinkChannel {
    this.#channels = [this.#first(), ...this.#channels.slice(1).filter(({ dead }) => !dead)];
    const best = this.#channels.reduce((a, b) => (b.dumps < a.dumps ? b : a));
    if (best.dumps === 0 || this.#channels.length === CHANNELS) return best;
    const channel = this.#openChannel();
    this.#channels.push(channel);
    return channel;
  }

  #mustBeOpen(operation: string): void {
    if (this.#closed) throw new WeirError('TRANSPORT_CLOSED', { operation });
  }
}
