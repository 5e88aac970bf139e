// SPDX-License-Identifier: Apache-2.0
import { WeirError } from './errors.ts';

/** What the kernel's extended ack said (Documentation/userspace-api/netlink/intro.rst). */
export interface ExtendedAck {
  readonly message?: string;
  /** Path of the attribute that it points to, e.g. `options.parms`. */
  readonly path?: string;
  /** Byte offset from the request's nlmsghdr. */
  readonly offset?: number;
  /** Attribute type that was missing (NLMSGERR_ATTR_MISS_TYPE). */
  readonly missingType?: number;
}

/** The kernel refused an operation. Thrown only by the kernel boundary. */
export class KernelError extends WeirError {
  readonly operation: string;
  /** Positive errno. */
  readonly errno: number;
  readonly errnoName: string;
  readonly extack: ExtendedAck;

  constructor(operation: string, errno: number, errnoName: string, extack: ExtendedAck = {}) {
    const said = extack.message === undefined ? '' : `: ${extack.message}`;
    const at = extack.path === undefined ? '' : ` (at ${extack.path})`;
    super('KERNEL', { operation, errno, errnoName, detail: `${said}${at}` });
    this.name = 'KernelError';
    this.operation = operation;
    this.errno = errno;
    this.errnoName = errnoName;
    this.extack = extack;
  }
}
