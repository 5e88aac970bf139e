// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { NetnsFd } from '../../base/brand.ts';
import { checked, NAMESPACE_RIGHT } from '../errno.ts';
import { native } from '../native.ts';
import { NETLINK, type Subscription } from '../ports.ts';

/** Nothing reaches the socket. */
const BUFFER = 4096;

/**
 * A netlink socket in multicast groups whose eBPF filter sees every announcement and lets none through: they are counted
 * without waking anybody.
 *
 * @param prepare Gets what `bpf_get_socket_cookie` says of the socket before the first announcement comes.
 * @throws {KernelError} with nothing left open.
 */
export function openCountingSocket(
  netns: NetnsFd,
  program: number,
  groups: readonly number[],
  prepare: (cookie: bigint) => void,
): Subscription {
  const { netlinkOpen, netlinkJoin, socketFilter, socketCookie } = native();
  const operation = 'open a netlink socket that counts';
  const fd = checked(operation, netlinkOpen(netns, NETLINK.ROUTE, BUFFER, BUFFER), NAMESPACE_RIGHT);
  try {
    checked(operation, socketFilter(fd, program));
    prepare(BigInt(socketCookie(fd)));
    for (const group of groups) checked(`join netlink group ${group}`, netlinkJoin(fd, group));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { close: () => closeSync(fd) };
}
