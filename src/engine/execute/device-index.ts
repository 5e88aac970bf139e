// SPDX-License-Identifier: Apache-2.0
import { ERRNO } from '../../base/errno.gen.ts';
import { KernelError } from '../../base/kernel-error.ts';
import { wireOf } from '../../base/wire.ts';
import { payloadOf } from '../../codec/encoder.ts';
import {
  decodeIfinfomsg,
  encodeIfinfomsg,
  encodeLinkAttrs,
  IFINFOMSG_SIZE,
  RTEXT_FILTER_SKIP_STATS,
  RTM_GETLINK,
} from '../../codec/generated/rt-link.ts';
import type { NetlinkTransport } from '../../kernel/ports.ts';

/** Indexes of devices by name, asked for when they are needed first. */
export class DeviceIndex {
  readonly #transport: NetlinkTransport;
  readonly #known = new Map<string, number>();

  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  known(name: string): number | undefined {
    return this.#known.get(name);
  }

  /** Devices come, go and change their names: what is known may be wrong from now on. */
  forget(): void {
    this.#known.clear();
  }

  /** Ask the kernel. @throws {KernelError} ENODEV when there is no such device. */
  async learn(name: string): Promise<void> {
    const payload = payloadOf((out) => {
      encodeIfinfomsg(out, {});
      encodeLinkAttrs(out, { ifname: name, extMask: RTEXT_FILTER_SKIP_STATS });
    });
    const operation = `look up the device ${name}`;
    const [reply] = await this.#transport.request({ type: RTM_GETLINK, payload, operation });
    if (reply === undefined) throw new KernelError(operation, ERRNO.ENODEV, 'ENODEV');
    this.#known.set(name, decodeIfinfomsg(wireOf(reply.payload), 0, IFINFOMSG_SIZE).ifiIndex);
  }
}
