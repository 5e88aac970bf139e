// SPDX-License-Identifier: Apache-2.0
// Where the kernel has no tcx (before Linux 6.6) the programs are filters on clsact. A filter is no link: the program that it
// runs is pinned in the place of one, so that it is known what ought to hang where; whether it does only netlink tells.
import { closeSync, rmSync } from 'node:fs';
import { ERRNO } from '../../../base/errno.gen.ts';
import { KernelError } from '../../../base/kernel-error.ts';
import { wireOf } from '../../../base/wire.ts';
import { payloadOf } from '../../../codec/encoder.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../../codec/generated/netlink.ts';
import {
  decodeTcAttrs,
  encodeTcAttrs,
  encodeTcmsg,
  RTM_DELTFILTER,
  RTM_GETTFILTER,
  RTM_NEWQDISC,
  RTM_NEWTFILTER,
  TCMSG_SIZE,
  type TcAttrs,
} from '../../../codec/generated/tc.ts';
import { type NamespaceIo, NETLINK, type NetlinkReply, type PolicyAttachment } from '../../ports.ts';
import { programInfo } from '../programs.ts';
import type { LinkName } from './links.ts';
import { listed, openPin, putPin, type Shelf, withPin } from './shelf.ts';

const PARENT = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const CLSACT = { handle: 0xffff0000, parent: 0xfffffff1 } as const;
/** Before all others, for every protocol (ETH_P_ALL in the order of the network). */
const INFO = (1 << 16) | 0x0300;
const HANDLE = 1;
const ACT_DIRECT = 1;
const NAME = 'weir-policy';
const MARK = 'clsact';
/** No filter, no chain or qdisc for it, no device. */
const NOT_THERE: readonly number[] = [ERRNO.ENOENT, ERRNO.EINVAL, ERRNO.ENODEV];

export type FilterHook = 'ingress' | 'egress';

/** A filter by what its mark says. */
export interface FilterName {
  readonly space: number;
  readonly ifindex: number;
  readonly hook: FilterHook;
}

export const markOf = ({ space, ifindex, hook }: FilterName) => `${space}_${ifindex}_${hook}_${MARK}`;

/** Filters that were put, with the letter of their function. */
export function pinnedFilters(shelf: Shelf): readonly FilterName[] {
  return listed(shelf.links()).flatMap((pin) => {
    const [space, ifindex, hook, mark] = pin.split('_');
    if (mark !== MARK) return [];
    return [{ space: Number(space), ifindex: Number(ifindex), hook: hook as FilterHook }];
  });
}

/** Put a filter, in the place of the one that is there, in one step. @param isGone Somebody has taken it away. */
export async function putFilter(
  shelf: Shelf,
  io: NamespaceIo,
  { space, ifindex, hook }: LinkName,
  program: number,
  isGone: boolean,
): Promise<void> {
  if (hook === 'xdp') throw new RangeError('XDP has no filters');
  const known = openPin(shelf.links(markOf({ space, ifindex, hook })));
  if (known !== undefined) {
    const same = programInfo(known).id === programInfo(program).id;
    closeSync(known);
    if (same && !isGone) return;
  }
  try {
    await send(
      io,
      RTM_NEWQDISC,
      NLM_F_CREATE | NLM_F_EXCL,
      {
        tcmIfindex: ifindex,
        tcmHandle: CLSACT.handle,
        tcmParent: CLSACT.parent,
      },
      { kind: 'clsact' },
    );
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== ERRNO.EEXIST) throw error;
  }
  await send(
    io,
    RTM_NEWTFILTER,
    NLM_F_CREATE | NLM_F_REPLACE,
    { tcmIfindex: ifindex, tcmHandle: HANDLE, tcmParent: PARENT[hook], tcmInfo: INFO },
    { kind: 'bpf', options: { kind: 'bpf', fd: program, name: NAME, flags: ACT_DIRECT } },
  );
  putPin(program, shelf.links(), markOf({ space, ifindex, hook }));
}

/** Take a filter away; without `io` only its mark, of a device that is gone. */
export async function dropFilter(
  shelf: Shelf,
  io: NamespaceIo | undefined,
  filter: FilterName,
): Promise<void> {
  if (io !== undefined)
    try {
      const { ifindex, hook } = filter;
      const head = { tcmIfindex: ifindex, tcmHandle: HANDLE, tcmParent: PARENT[hook], tcmInfo: INFO };
      await send(io, RTM_DELTFILTER, 0, head, { kind: 'bpf' });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  rmSync(shelf.links(markOf(filter)), { force: true });
}

/** @param isGone As the last look found. */
export function filterAttachment(shelf: Shelf, filter: FilterName, isGone: boolean): PolicyAttachment {
  return { ...filter, attached: !isGone, program: isGone ? 0 : programOf(shelf, filter) };
}

/** Ask the kernel whether the filter is there and runs its program. @throws {KernelError} when it does not say. */
export async function hasFilter(shelf: Shelf, io: NamespaceIo, filter: FilterName): Promise<boolean> {
  const { ifindex, hook } = filter;
  const head = { tcmIfindex: ifindex, tcmHandle: HANDLE, tcmParent: PARENT[hook], tcmInfo: INFO };
  try {
    const [reply] = await send(io, RTM_GETTFILTER, 0, head, { kind: 'bpf' });
    if (reply === undefined) return false;
    const { options } = decodeTcAttrs(wireOf(reply.payload), TCMSG_SIZE, reply.payload.length);
    if (options === undefined || options instanceof Uint8Array || options.kind !== 'bpf') return false;
    return options.id === programOf(shelf, filter);
  } catch (error) {
    if (error instanceof KernelError && NOT_THERE.includes(error.errno)) return false;
    throw error;
  }
}

function programOf(shelf: Shelf, filter: FilterName): number {
  return withPin(shelf.links(markOf(filter)), (fd) => programInfo(fd).id);
}

async function send(
  io: NamespaceIo,
  type: number,
  flags: number,
  head: Parameters<typeof encodeTcmsg>[1],
  attributes: TcAttrs,
): Promise<readonly NetlinkReply[]> {
  const transport = await io.netlink(NETLINK.ROUTE);
  const payload = payloadOf((out) => {
    encodeTcmsg(out, head);
    encodeTcAttrs(out, attributes);
  });
  return transport.request({
    type,
    flags,
    payload,
    operation: `policy on clsact of device ${head.tcmIfindex}`,
  });
}
